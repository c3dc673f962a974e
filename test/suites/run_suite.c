/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Runs an external suite with "certguard check --batch" and compares every verdict with the expected one.
 *   run_suite CERTGUARD FOLDER SUITE.jsonl NAME COUNT
 * COUNT: the number of cases; if the suite has more or fewer, the run fails.
 * FOLDER contains NAME.json (the policy), NAME.cases (cases that need another policy) and NAME.exceptions (cases in which the
 * verdict differs on purpose, each with the reason). Exit code 77: SUITE.jsonl is missing. */
#include "check/batch.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define CASES_MAX 2000
#define WORD      192

struct test_case {
    char id[WORD], expected[16], policy[WORD];
    bool soft;
    char got[16], reason[64];
    char allowed[16], explanation[512]; /* the exception, or "" */
};

static struct test_case cases[CASES_MAX];
static size_t ncases;

static struct test_case *find(const char *id)
{
    for (size_t i = 0; i < ncases; i++)
        if (strcmp(cases[i].id, id) == 0)
            return &cases[i];
    return NULL;
}

static void set(char *to, size_t size, const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    snprintf(to, size, "%s", text ? text : "");
}

static bool read_suite(const char *file, const char *policy)
{
    struct cg_error err = {""};
    char *line = NULL;
    size_t size = 0, len = 0;
    FILE *in = fopen(file, "re");
    while (in && ncases < CASES_MAX && cg_batch_next(in, &line, &size, &len, &err) > 0) {
        cJSON *json = cJSON_ParseWithLength(line, len);
        struct test_case *c = &cases[ncases++];
        set(c->id, sizeof c->id, json, "id");
        set(c->expected, sizeof c->expected, json, "expected");
        c->soft = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "soft"));
        snprintf(c->policy, sizeof c->policy, "%s", policy);
        snprintf(c->got, sizeof c->got, "error");
        cJSON_Delete(json);
    }
    free(line);
    if (in)
        fclose(in);
    return in && ncases > 0;
}

/* Reads lines "ID WORD REST"; "#" begins a comment. An unknown ID is an error. */
static bool read_table(const char *folder, const char *name, const char *kind, bool exceptions)
{
    char path[1024], line[1024], id[WORD], word[WORD];
    bool ok = true;
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, kind);
    FILE *in = fopen(path, "re");
    while (in && fgets(line, sizeof line, in)) {
        int rest = 0;
        if (line[0] == '#' || sscanf(line, "%191s %191s %n", id, word, &rest) != 2)
            continue;
        struct test_case *c = find(id);
        if (!c) {
            printf("%s: the suite has no case %s\n", path, id);
            ok = false;
        } else if (exceptions) {
            snprintf(c->allowed, sizeof c->allowed, "%.15s", word);
            snprintf(c->explanation, sizeof c->explanation, "%.*s", (int)strcspn(line + rest, "\n"), line + rest);
        } else {
            snprintf(c->policy, sizeof c->policy, "%s", word);
        }
    }
    if (in)
        fclose(in);
    return ok;
}

/* Runs all cases with one policy, and stores the verdicts of the cases that use it. */
static void run_tool(const char *tool, const char *folder, const char *file, const char *policy)
{
    char command[4096], line[1024], id[WORD], got[16], reason[64];
    snprintf(command, sizeof command, "'%s' check --batch '%s' --policy '%s/%s'", tool, file, folder, policy);
    FILE *out = popen(command, "re");
    while (out && fgets(line, sizeof line, out)) {
        struct test_case *c = sscanf(line, "%191s %15s %63s", id, got, reason) == 3 ? find(id) : NULL;
        if (!c || strcmp(c->policy, policy) != 0)
            continue;
        snprintf(c->got, sizeof c->got, "%s", got);
        snprintf(c->reason, sizeof c->reason, "%s", reason);
    }
    if (out)
        pclose(out);
}

static void run_policies(const char *tool, const char *folder, const char *file)
{
    for (size_t i = 0; i < ncases; i++) {
        bool first = true;
        for (size_t j = 0; first && j < i; j++)
            first = strcmp(cases[i].policy, cases[j].policy) != 0;
        if (first)
            run_tool(tool, folder, file, cases[i].policy);
    }
}

/* Prints the differences. True if each one has an explanation. */
static bool compare(const char *name)
{
    size_t right = 0, scored = 0, explained = 0, wrong = 0, accepted = 0;
    printf("%-8s %-8s %-24s case\n", "expected", "got", "reason");
    for (size_t i = 0; i < ncases; i++) {
        const struct test_case *c = &cases[i];
        bool same = strcmp(c->got, c->expected) == 0, allowed = strcmp(c->got, c->allowed) == 0;
        scored += !c->soft;
        right += !c->soft && same;
        accepted += !same && strcmp(c->got, "accept") == 0;
        if (same && !c->allowed[0])
            continue;
        printf("%-8s %-8s %-24s %s%s\n", c->expected, c->got, c->reason, c->id, c->soft ? " (soft)" : "");
        if (!same && allowed) {
            printf("         %s\n", c->explanation);
            explained++;
        } else {
            printf("         %s\n",
                   same ? "no difference any more: remove this case from the exceptions" : "NOT EXPLAINED");
            wrong++;
        }
    }
    printf("%s: %zu of %zu as expected, %zu explained (%zu of them accepted), %zu wrong\n", name, right, scored,
           explained, accepted, wrong);
    return wrong == 0;
}

int main(int argc, char **argv)
{
    char policy[WORD];
    if (argc != 6) {
        fprintf(stderr, "usage: run_suite CERTGUARD FOLDER SUITE.jsonl NAME COUNT\n");
        return 64;
    }
    snprintf(policy, sizeof policy, "%s.json", argv[4]);
    if (!read_suite(argv[3], policy)) {
        printf("skipped: cannot read %s; set CG_SUITES to the folder of the suites\n", argv[3]);
        return 77;
    }
    bool complete = ncases == strtoul(argv[5], NULL, 10);
    if (!complete)
        printf("%s: expected %s cases, found %zu\n", argv[3], argv[5], ncases);
    bool ok = complete && read_table(argv[2], argv[4], "cases", false) &&
              read_table(argv[2], argv[4], "exceptions", true);
    run_policies(argv[1], argv[2], argv[3]);
    return ok && compare(argv[4]) ? 0 : 1;
}
