/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "help.h"

#include <stdio.h>
#include <string.h>

static void print_option(const struct cg_option *o)
{
    char left[80], letter[8] = "   ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c,", o->letter);
    snprintf(left, sizeof left, "%s --%s%s%s", letter, o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    if (strlen(left) > 30)
        printf("  %s\n  %-30s %s\n", left, "", o->help);
    else
        printf("  %-30s %s\n", left, o->help);
}

static void print_options(const char *title, const struct cg_option *options, size_t n)
{
    if (n)
        printf("\n%s:\n", title);
    for (size_t i = 0; i < n; i++)
        print_option(&options[i]);
}

/* Command lines are indented by two; the text holds one a line. */
static void print_indented(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        printf("  %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

void cg_help_all(const struct cg_verb *const *verbs)
{
    static const char *const titles[CG_GROUP_COUNT] = {"Run the CA", "Look and check"};
    printf("certguard %s: a private CA for MQTT brokers, and the checks of mosquitto_certguard\n\n"
           "Usage: certguard [-C DIR] [-n] [--json] [-q|-v] VERB [ARGUMENTS]\n",
           CG_VERSION);
    for (int group = 0; group < CG_GROUP_COUNT; group++) {
        printf("\n%s:\n", titles[group]);
        for (size_t i = 0; verbs[i]; i++)
            if ((int)verbs[i]->group == group)
                printf("  %-14s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    print_options("Options of every verb", cg_global_options, cg_global_options_count);
    printf("\nExit codes: 0 done or clean, 1 failed, 3 findings, 64 wrong usage, 75 another run holds the lock: try\n"
           "again later, 130 interrupted at a question.\n"
           "\nA first CA, a broker and a device:\n"
           "  certguard init --name \"Home CA\"\n"
           "  certguard issue broker broker.lan --san dns:broker.lan --san ip:192.0.2.1\n"
           "  certguard issue client sensor1\n"
           "\n\"certguard VERB --help\" shows a verb with examples.\n");
}

void cg_help_verb(const struct cg_verb *verb)
{
    printf("certguard %s: %s\n\nUsage: certguard [OPTIONS] %s %s\n", verb->name, verb->summary, verb->name,
           verb->arguments);
    if (verb->description && *verb->description)
        printf("\n%s\n", verb->description);
    print_options("Options", verb->options, verb->noptions);
    if (verb->needs_key)
        print_options("The CA's key", cg_key_options, cg_key_options_count);
    print_options("Options of every verb", cg_global_options, cg_global_options_count);
    if (verb->exits)
        printf("\nExit codes: %s\n", verb->exits);
    if (verb->examples && *verb->examples) {
        printf("\nExamples:\n");
        print_indented(verb->examples);
    }
}
