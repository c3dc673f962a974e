/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "deploy/prune.h"
#include "ca_options/ca_options.h"
#include "ca_options/names.h"
#include "cli/table.h"
#include "core/cert/name.h"
#include "store/lock.h"
#include "verbs.h"

#include <stdio.h>

#define OLDER_THAN    (30 * CG_DAY)
#define IN_ONE_CHANGE 5000

struct options {
    struct cg_number older_than;
};

static const struct cg_option options[] = {
    {"older-than", "DURATION", "prune what ended or was replaced longer ago than this (default 30d)", CG_OPT_DURATION,
     0, AT(older_than)},
};

struct wanted {
    const struct cg_cli *cli;
    bool *found; /* a name that is */
};

static bool is_wanted(const void *context, const char *name)
{
    const struct wanted *wanted = context;
    const bool found = cg_names_match(wanted->cli, name);
    *wanted->found = *wanted->found || found;
    return found;
}

static void print_table(const struct cg_prune *prune)
{
    static const char *const titles[] = {"NAME", "GENERATION", "STATE", "SINCE", "SERIAL", NULL};
    struct cg_table table = {.titles = titles};
    for (int pass = 0; pass < 2; pass++) {
        if (pass && prune->count)
            cg_table_head(&table);
        for (size_t i = 0; i < prune->count; i++) {
            const struct cg_inventory_row *row = &prune->item[i].row;
            char generation[16], since[24], serial[CG_SERIAL_TEXT_MAX];
            snprintf(generation, sizeof generation, "%04u", row->generation);
            cg_time_text(prune->item[i].since, since, sizeof since);
            const char *const cells[] = {row->name, generation, cg_holding_word(row->holding), since,
                                         cg_index_serial_text(row->index.serial, serial)};
            if (pass)
                cg_table_row(&table, cells, 2, CG_DIM);
            else
                cg_table_measure(&table, cells);
        }
    }
}

struct run {
    struct cg_prune_request request;
    cJSON *pruned, *kept; /* in the result */
    size_t count, faults;
    bool found; /* one of the names */
};

static void note_pruned(const struct cg_cli *cli, struct run *run, const struct cg_prune *prune)
{
    for (size_t i = 0; cli->json && i < prune->count; i++) {
        char since[24];
        cg_time_text(prune->item[i].since, since, sizeof since);
        cJSON_AddItemToArray(run->pruned,
                             cg_json_add(cg_inventory_json(&prune->inventory, &prune->item[i].row), "since", since));
    }
    if (!cli->json && (cli->dry_run || cli->verbose))
        print_table(prune);
    run->count += prune->count;
}

static void note_kept(const struct cg_cli *cli, struct run *run, const struct cg_prune *prune)
{
    for (size_t i = 0; i < prune->nkept; i++) {
        const struct cg_prune_kept *kept = &prune->kept[i];
        cg_warn(cli, "kept generation %u of \"%s\": %s", kept->generation, kept->name, kept->why.text);
        run->faults += kept->is_fault;
        cJSON *object = cg_json_of("name", kept->name, "why", kept->why.text);
        cJSON_AddNumberToObject(object, "generation", kept->generation);
        cJSON_AddItemToArray(run->kept, object);
    }
}

/* Part by part, since a revocation must not wait for the end. */
static bool prune_parts(struct cg_ca *ca, const struct cg_cli *cli, struct run *run, struct cg_error *err)
{
    bool ok = true, is_more = true, yielded = false;
    while (ok && is_more) {
        struct cg_prune prune;
        ok = cg_prune_plan(&prune, ca, &run->request, err) && (cli->dry_run || cg_prune_write(&prune, err));
        is_more = prune.is_more;
        if (ok)
            note_pruned(cli, run, &prune);
        if (ok && !is_more)
            note_kept(cli, run, &prune);
        cg_prune_end(&prune);
        ok = ok && (!is_more || cg_lock_yield(ca, &yielded, err) == CG_CA_OK);
    }
    return ok;
}

static int prune_all(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct run *run = context;
    cJSON *result = cJSON_CreateObject();
    run->pruned = cJSON_AddArrayToObject(result, "pruned");
    run->kept = cJSON_AddArrayToObject(result, "kept");
    if (!prune_parts(ca, cli, run, err)) {
        cJSON_Delete(result);
        return CG_EXIT_FAILED;
    }
    cg_result_of_run(cli, result);
    if (!run->found && cli->nargs)
        cg_say(cli, "No such certificate. See all with: %s list --all", cli->prefix);
    else if (!run->count)
        cg_say(cli, "Nothing to prune.");
    else if (cli->dry_run)
        cg_say(cli, "Would remove the private keys and chains of %zu old generation%s. Nothing was written.",
               run->count, cg_plural(run->count));
    else
        cg_say(cli, "Removed the private keys and chains of %zu old generation%s. The certificates stay in archive/.",
               run->count, cg_plural(run->count));
    return CG_EXIT_OK;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct run run = {.count = 0};
    const struct wanted wanted = {cli, &run.found};
    run.request = (struct cg_prune_request){.is_wanted = is_wanted,
                                            .context = &wanted,
                                            .older_than = o->older_than.given ? o->older_than.value : OLDER_THAN,
                                            .limit = cli->dry_run ? 0 : IN_ONE_CHANGE};
    const int code = cg_verb_with_ca(cli, CG_CA_WRITE, prune_all, &run);
    return code == CG_EXIT_OK && run.faults ? CG_EXIT_FAILED : code;
}

const struct cg_verb cg_verb_prune = {
    .name = "prune",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("[NAME...]", 0, -1),
    .completes = CG_WORD_NAME,
    .summary = "remove private keys of old certificates",
    .description =
        "Removes privkey.pem, chain.pem and fullchain.pem from archive/ for certificates that are revoked, have\n"
        "expired or were replaced by a newer one, if that was longer ago than --older-than. The certificates\n"
        "themselves, index.txt and the journal are kept, so nothing is missing for the CRL, for restore or for the\n"
        "check of compromised keys. Without NAME, all names are pruned. NAME may contain wildcards.\n\n"
        "These are never removed: the certificate in live/NAME and valid ones that are newer; the one that\n"
        "certguard deploy NAME --rollback would use; one that is still in a folder where NAME is deployed, or where\n"
        "that folder cannot be read; names with an unfinished rotation. Copies on devices and in backups are not\n"
        "changed.",
    .examples = "certguard -n prune\n"
                "certguard prune\n"
                "certguard prune sensor1 --older-than 0d",
    CG_OPTIONS(options, struct options),
    .run = run,
};
