/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "generation.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "store/index.h"
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

unsigned cg_generation_live(const struct cg_ca *ca, const char *name)
{
    char path[PATH_MAX], to[PATH_MAX];
    struct cg_live_link link;
    cg_ca_live_link(ca, name, 0, &link);
    ssize_t n = readlink(cg_ca_path(ca, path, "%s", link.at), to, sizeof to - 1);
    if (n <= 0)
        return 0;
    to[n] = '\0';
    const char *slash = strrchr(to, '/');
    return slash ? (unsigned)strtoul(slash + 1, NULL, 10) : 0;
}

/* ---- checks */

static bool check_cert(const struct cg_ca *ca, const char *name, unsigned generation, X509 *cert, struct cg_error *err)
{
    const int64_t now = ca->options.now;
    int64_t start = 0, end = 0;
    char text[32];
    bool revoked = true;
    if (!cg_time_seconds(X509_get0_notBefore(cert), &start) || !cg_time_seconds(X509_get0_notAfter(cert), &end))
        return cg_fail_text(err, "cannot read the dates of archive/%s/%04u/cert.pem", name, generation);
    if (!cg_index_is_revoked(ca, cert, &revoked, err))
        return false;
    cg_time_text(now < start ? start : end, text, sizeof text);
    if (revoked)
        return cg_fail_text(
            err,
            "generation %u of \"%s\" is revoked: the broker's clients refuse it. For a new certificate: certguard "
            "-C %s renew %s, or issue if the live one is revoked too",
            generation, name, ca->word, name);
    if (now < start)
        return cg_fail_text(err, "generation %u of \"%s\" is not valid before %s. Check the clock and --at", generation,
                            name, text);
    if (now > end)
        return cg_fail_text(err, "generation %u of \"%s\" expired at %s. For a new one: certguard -C %s renew %s",
                            generation, name, text, ca->word, name);
    return true;
}

bool cg_generation_is_pruned(const struct cg_ca *ca, const char *name, unsigned generation)
{
    char file[CG_NAME_MAX + 48];
    snprintf(file, sizeof file, "archive/%s/%04u/fullchain.pem", name, generation);
    return generation && !cg_ca_has(ca, file);
}

bool cg_generation_is_valid(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_error *err)
{
    if (cg_generation_is_pruned(ca, name, generation))
        return cg_fail_text(err, "generation %u of \"%s\" was pruned: its key and chain are removed", generation, name);
    X509 *cert = cg_ca_generation_cert(ca, name, generation, err);
    bool ok = cert && check_cert(ca, name, generation, cert, err);
    X509_free(cert);
    return ok;
}

/* ---- the journal */

struct history {
    const char *name;
    unsigned wanted, live;
    unsigned rotating; /* about to be made */
    bool is_unproven;
};

static unsigned number_of(const struct cg_journal_row *row)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(row->object, "generation");
    const char *slash = row->file ? strrchr(row->file, '/') : NULL;
    return cJSON_IsNumber(number) ? (unsigned)number->valuedouble : slash ? (unsigned)strtoul(slash + 1, NULL, 10) : 0;
}

static void take_row(struct history *h, const struct cg_journal_row *row)
{
    const unsigned number = number_of(row);
    const bool is_wanted = number == h->wanted;
    if (!row->done || !row->name || strcmp(row->name, h->name) != 0)
        return;
    if (strcmp(row->done, "issued") == 0 || strcmp(row->done, "imported") == 0) {
        h->is_unproven = is_wanted ? h->rotating == number : h->is_unproven;
        h->live = number;
        h->rotating = 0;
    } else if (strcmp(row->done, "rotating") == 0) {
        h->rotating = number;
    } else if (strcmp(row->done, "proven") == 0) {
        h->is_unproven = h->is_unproven && !is_wanted;
    } else if (strcmp(row->done, "switched") == 0) {
        h->is_unproven = !is_wanted && (h->is_unproven || h->live == h->wanted);
        h->live = number;
        h->rotating = 0;
    }
}

static bool is_proven(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_error *err)
{
    struct cg_journal journal = {0};
    struct cg_journal_row row;
    struct history history = {.name = name, .wanted = generation};
    if (!cg_journal_load(&journal, ca, 0, err))
        return false;
    while (cg_journal_next(&journal, name, &row)) {
        take_row(&history, &row);
        cg_journal_row_clear(&row);
    }
    cg_journal_free(&journal);
    if (history.is_unproven)
        cg_error_set(
            err,
            "generation %u of \"%s\" is unproven: it was taken back before, or the broker never served it. For a "
            "new one: certguard -C %s rotate %s",
            generation, name, ca->word, name);
    return !history.is_unproven;
}

bool cg_generation_choose_earlier(const struct cg_ca *ca, const char *name, unsigned *chosen, struct cg_error *passed,
                                  struct cg_error *err)
{
    char relative[CG_NAME_MAX + 32], *reasons = passed->text;
    *passed = (struct cg_error){""};
    for (*chosen = cg_generation_live(ca, name); *chosen > 1;) {
        const size_t len = strlen(reasons);
        struct cg_error why = {""};
        snprintf(relative, sizeof relative, "archive/%s/%04u", name, --*chosen);
        if (!cg_ca_has(ca, relative))
            continue;
        if (cg_generation_is_valid(ca, name, *chosen, &why) && is_proven(ca, name, *chosen, &why))
            return true;
        snprintf(reasons + len, sizeof passed->text - len, "%s%s", len ? "; " : "", why.text);
    }
    return cg_fail_text(err,
                        reasons[0] ? "no earlier generation of \"%s\" can be used: %s"
                                   : "\"%s\" has no earlier generation to go back to",
                        name, reasons);
}

/* ---- the switch */

bool cg_generation_note(struct cg_change *change, const char *done, const char *name, unsigned generation,
                        struct cg_error *err)
{
    cJSON *entry = cg_json_of("name", name);
    cJSON_AddNumberToObject(entry, "generation", generation);
    return cg_change_journal(change, done, entry, err);
}

bool cg_generation_switch(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_error *err)
{
    struct cg_live_link link;
    struct cg_change change = {0};
    cg_ca_live_link(ca, name, generation, &link);
    bool ok = cg_ca_live_ok(ca, name, err) && cg_change_begin(&change, ca, false, err) &&
              cg_change_stage_link(&change, "live", link.to, err) && cg_change_move(&change, "live", link.at, err) &&
              cg_generation_note(&change, "switched", name, generation, err);
    return cg_change_end(&change, ok, err);
}
