/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_options/ca_options.h"
#include "cli/print.h"
#include "core/cert/name.h"
#include "store/index.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>

struct options {
    struct cg_number expiring;
    bool revoked, expired, all;
};

static const struct cg_option options[] = {
    {"expiring", "DURATION", "list valid certificates that expire within this time", CG_OPT_DURATION, 0, AT(expiring)},
    {"revoked", NULL, "list revoked certificates", CG_OPT_FLAG, 0, AT(revoked)},
    {"expired", NULL, "list expired certificates", CG_OPT_FLAG, 0, AT(expired)},
    {"all", NULL, "list all certificates (default: the valid ones)", CG_OPT_FLAG, 0, AT(all)},
};

enum state { VALID = 0, REVOKED, EXPIRED };

static const struct {
    const char *word;
    enum cg_colour colour;
} states[] = {{"valid", CG_GREEN}, {"revoked", CG_RED}, {"expired", CG_DIM}};

static enum state state_of(const struct cg_index_row *row, int64_t now)
{
    return row->status == 'R' ? REVOKED : row->status == 'E' || row->expires < now ? EXPIRED : VALID;
}

static bool is_wanted(const struct options *o, const struct cg_index_row *row, enum state state, int64_t now)
{
    if (o->all)
        return true;
    if (o->expiring.given && state == VALID && row->expires <= now + o->expiring.value)
        return true;
    if ((o->revoked && state == REVOKED) || (o->expired && state == EXPIRED))
        return true;
    return state == VALID && !o->expiring.given && !o->revoked && !o->expired;
}

/* One line of JSON per certificate, so that a million entries are never one object in memory. */
static void print_json(const struct cg_index_row *row, const char *name, enum state state, bool first)
{
    char text[24];
    cJSON *item = cg_json_of("name", name, "state", states[state].word);
    cg_time_text(row->expires, text, sizeof text);
    cg_json_add(item, "not_after", text, "serial", row->serial, "subject", row->subject);
    if (state == REVOKED) {
        cg_time_text(row->revoked, text, sizeof text);
        cg_json_add(item, "revoked", text, "reason", row->reason < 0 ? "unspecified" : cg_reason_name(row->reason));
    }
    cg_json_element(item, first);
}

static void print_row(const struct cg_index_row *row, const char *name, enum state state)
{
    char end[24];
    cg_time_text(row->expires, end, sizeof end);
    cg_print(stdout, "%-24s ", name);
    cg_print_in(stdout, states[state].colour, "%-8s", states[state].word);
    cg_print(stdout, " %s  %s%s%s\n", end, row->serial, row->reason > 0 ? "  " : "",
             row->reason > 0 ? cg_reason_name(row->reason) : "");
}

static void say_none(const struct cg_cli *cli, const struct options *o)
{
    const long long days = o->expiring.value / CG_DAY;
    if (o->all)
        cg_say(cli, "This CA has not issued any certificates.");
    else if (o->expiring.given && !o->revoked && !o->expired && days > 0)
        cg_say(cli, "No certificate ends within %lld day%s. See all with: %s list", days, cg_plural((size_t)days),
               cli->prefix);
    else
        cg_say(cli, "No such certificate. See all with: %s list --all", cli->prefix);
}

static bool list(const struct cg_cli *cli, const struct options *o, struct cg_index *index, struct cg_error *err)
{
    struct cg_error fault = {""};
    struct cg_index_row row;
    char name[CG_NAME_MAX + 1];
    size_t count = 0;
    if (cli->json)
        printf("{\"certificates\":[");
    while (cg_index_next(index, &row, &fault)) {
        enum state state = state_of(&row, cli->now);
        if (!is_wanted(o, &row, state, cli->now))
            continue;
        cg_index_row_name(&row, name);
        if (cli->json)
            print_json(&row, name, state, count == 0);
        else if (count == 0)
            cg_print(stdout, "%-24s %-8s %-20s  %s\n", "NAME", "STATE", "UNTIL", "SERIAL");
        if (!cli->json)
            print_row(&row, name, state);
        count++;
    }
    if (cli->json)
        printf("]}\n");
    if (fault.text[0])
        cg_error_set(err, "%s", fault.text);
    else if (count == 0)
        say_none(cli, o);
    return !fault.text[0];
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_error err = {""};
    struct cg_index index = {0};
    struct cg_ca ca;
    int code = cg_verb_open_ca(&ca, cli, CG_CA_READ, &err);
    if (code == CG_EXIT_OK && (!cg_index_load(&index, &ca, &err) || !list(cli, values, &index, &err)))
        code = CG_EXIT_FAILED;
    cg_index_free(&index);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_list = {
    .name = "list",
    .group = CG_GROUP_CA,
    .arguments = "",
    .summary = "list the issued certificates",
    .description = "Lists the certificates of this CA with their state, expiry date and serial number.",
    .examples = "certguard list\n"
                "certguard list --expiring 30d\n"
                "certguard --json list --revoked",
    CG_OPTIONS(options, struct options),
    .run = run,
};
