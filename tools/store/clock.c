/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "clock.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "index.h"
#include "journal.h"

#include <stdio.h>
#include <string.h>

/* 2026-01-01: this program made no CA before. */
#define FIRST_DAY INT64_C(1767225600)

/* Clocks of two computers differ, and time servers set them back. */
#define LEEWAY CG_BACKDATE

#define TAIL ((size_t)64 << 10)

/* The newest time that the CA has recorded. */
struct seen {
    int64_t time;
    bool of_ca; /* the start of the CA's certificate, before which nothing accepts what it signs */
    char what[CG_NAME_MAX + 80];
};

/* The newest line after the last one about a clock that was set back. */
static bool read_journal(const struct cg_ca *ca, struct seen *seen, struct cg_error *err)
{
    struct cg_journal journal;
    struct cg_journal_row row;
    if (!cg_journal_load(&journal, ca, TAIL, err))
        return false;
    while (cg_journal_next(&journal, "", &row)) {
        if (row.time > seen->time || (row.time != CG_TIME_NONE && strcmp(row.done, CG_CLOCK_SET_BACK) == 0)) {
            seen->time = row.time;
            snprintf(seen->what, sizeof seen->what, "the last entry of journal.jsonl (%s%s%s)", row.done,
                     row.name ? " " : "", row.name ? row.name : "");
        }
        cg_journal_row_clear(&row);
    }
    cg_journal_free(&journal);
    return true;
}

static bool read_index(const struct cg_ca *ca, struct seen *seen, struct cg_error *err)
{
    struct cg_index index;
    struct cg_index_row row;
    bool ok = cg_index_load(&index, ca, err);
    /* an invalid line is reported by the code that needs the index */
    while (ok && cg_index_next(&index, &row, NULL))
        if (row.status == 'R' && row.revoked > seen->time) {
            seen->time = row.revoked;
            snprintf(seen->what, sizeof seen->what, "the last revocation in index.txt");
        }
    cg_index_free(&index);
    return ok;
}

static bool find_newest(const struct cg_ca *ca, int64_t now, struct seen *seen, struct cg_error *err)
{
    int64_t start = 0;
    if (!ca->cert) {
        *seen = (struct seen){.time = FIRST_DAY, .what = "the release of certguard"};
        return true;
    }
    if (!read_journal(ca, seen, err) || (seen->time == CG_TIME_NONE && !read_index(ca, seen, err)))
        return false;
    if (cg_time_seconds(X509_get0_notBefore(ca->cert), &start) && (start > seen->time || start - LEEWAY > now)) {
        seen->time = start;
        seen->of_ca = true;
        snprintf(seen->what, sizeof seen->what, "the start of the CA's certificate");
    }
    return true;
}

bool cg_ca_clock_check(struct cg_ca *ca, struct cg_error *err)
{
    const int64_t at = ca->options.now;
    char now[24], then[24];
    struct seen seen = {.time = CG_TIME_NONE};
    ca->clock_set = false;
    if (!find_newest(ca, at, &seen, err))
        return false;
    if (at >= seen.time - LEEWAY)
        return true;
    ca->clock_set = true;
    if (ca->options.now_is_given)
        return true;
    cg_time_text(at, now, sizeof now);
    cg_time_text(seen.time, then, sizeof then);
    const bool can_reset = ca->cert && !seen.of_ca;
    return cg_fail_text(
        err,
        "the clock of this computer is wrong: it shows %s, but %s is from %s. Nothing was changed. Set the clock "
        "and try again%s%s%s",
        now, seen.what, then,
        can_reset  ? ". If the clock is right, and was wrong when that was written, run once: certguard -C "
        : ca->cert ? ". If the clock is right, this CA was made while it was wrong, and is not valid yet: make a "
                     "new one in another folder, with init"
                   : "",
        can_reset ? ca->word : "", can_reset ? " crl --at +0s" : "");
}
