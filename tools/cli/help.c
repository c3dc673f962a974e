/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "help.h"

#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 33 /* where the text of an option begins */

static void print_option(const struct cg_option *o)
{
    char letter[8] = "   ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c,", o->letter);
    int width = printf("  %s --%s%s%s", letter, o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    if (width > HELP_COLUMN - 1)
        printf("\n%*s", HELP_COLUMN, "");
    else
        printf("%*s", HELP_COLUMN - width, "");
    printf("%s\n", o->help);
}

static void print_options(const struct cg_verb *verb)
{
    static const char *const titles[CG_SETS] = {"Options", "The CA's key", "Options of every verb"};
    struct cg_option_set sets[CG_SETS];
    cg_option_sets(verb, sets);
    for (size_t s = 0; s < CG_SETS; s++) {
        if (sets[s].count)
            printf("\n%s:\n", titles[s]);
        for (size_t i = 0; i < sets[s].count; i++)
            print_option(&sets[s].option[i]);
    }
}

void cg_help_all(const struct cg_verb *const *verbs)
{
    static const char *const titles[CG_GROUP_COUNT] = {"Run the CA", "Inspect and check", "Help"};
    printf("certguard %s: private CA for MQTT brokers, and the certificate checks of the plugin mosquitto_certguard\n\n"
           "Usage: certguard [-C DIR] [-n] [--json] [-q|-v] VERB [ARGUMENTS]\n",
           CG_VERSION);
    for (int group = 0; group < CG_GROUP_COUNT; group++) {
        printf("\n%s:\n", titles[group]);
        for (size_t i = 0; verbs[i]; i++)
            if ((int)verbs[i]->group == group)
                printf("  %-14s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    print_options(NULL);
    printf("\nExit codes: 0 success, 1 failure, 3 findings, 64 wrong usage, 75 another run holds the lock (try again\n"
           "later), 130 interrupted at a prompt.\n"
           "\nCreate a CA, and certificates for a broker and a device:\n"
           "  certguard init --name \"Home CA\"\n"
           "  certguard issue broker broker.lan --san dns:broker.lan --san ip:192.0.2.1\n"
           "  certguard issue client sensor1\n"
           "\n\"certguard help VERB\" shows the options of a verb, with examples.\n");
}

void cg_help_verb(const struct cg_verb *verb)
{
    printf("certguard %s: %s\n\nUsage: certguard [OPTIONS] %s%s%s\n", verb->name, verb->summary, verb->name,
           *verb->arguments ? " " : "", verb->arguments);
    printf("\n%s\n", verb->description);
    print_options(verb);
    if (verb->exits)
        printf("\nExit codes: %s\n", verb->exits);
    printf("\nExamples:\n");
    for (const char *line = verb->examples; *line; line += strcspn(line, "\n") + (strchr(line, '\n') != NULL))
        printf("  %.*s\n", (int)strcspn(line, "\n"), line);
}
