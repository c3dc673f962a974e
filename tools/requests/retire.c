/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "retire.h"
#include "base/array.h"
#include "base/failure.h"
#include "base/json.h"
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add(struct cg_retire *retire, const char *serial, struct cg_error *err)
{
    char(*more)[sizeof *retire->serial] = cg_array_grow(retire->serial, retire->count, sizeof *more);
    if (!more)
        return cg_fail_memory(err);
    retire->serial = more;
    snprintf(more[retire->count++], sizeof *more, "0x%s", serial);
    return true;
}

/* Also of a run that was killed after it issued. Rivals with a higher number replace this one. */
bool cg_retire_add_rivals(struct cg_retire *retire, const struct cg_case_list *list, struct cg_error *err)
{
    bool ok = true;
    for (size_t i = 0; i < list->count; i++) {
        const struct cg_case *item = list->item[i];
        for (size_t k = 0; ok && item->state == CG_CASE_ANSWERED && k < item->rivals; k++)
            ok = item->rival[k].generation > item->own || add(retire, item->rival[k].serial, err);
    }
    return ok;
}

static bool is_over(const struct cg_journal_row *row, const char *predecessor, const struct cg_issuer *issuer)
{
    return strcmp(row->done, "renewal_confirmed") == 0 && row->serial && *predecessor && row->time != CG_TIME_NONE &&
           row->time <= issuer->now - CG_RETIRE_AGE && !cg_serials_has(&issuer->revoked, predecessor) &&
           !cg_serials_has(&issuer->revoked, row->serial);
}

/* Two devices have its key, and a person has not decided yet which of them keeps its certificate. */
static bool is_forked(const struct cg_cases *cases, const char *serial)
{
    for (size_t i = 0; i < cases->count; i++)
        if (cases->item[i].state == CG_CASE_FORKED && strcmp(cases->item[i].serial, serial) == 0)
            return true;
    return false;
}

bool cg_retire_add_confirmed(struct cg_retire *retire, const struct cg_cases *cases, struct cg_error *err)
{
    struct cg_journal journal;
    struct cg_journal_row row;
    bool ok = cg_journal_load(&journal, cases->issuer->ca, 0, err);
    while (ok && cg_journal_next(&journal, "\"renewal_confirmed\"", &row)) {
        const char *predecessor = cg_member_text(row.object, "predecessor");
        ok = !is_over(&row, predecessor, cases->issuer) || is_forked(cases, predecessor) ||
             add(retire, predecessor, err);
        cg_journal_row_clear(&row);
    }
    cg_journal_free(&journal);
    return ok;
}

bool cg_retire_revoke(const struct cg_retire *retire, const struct cg_ca *ca, struct cg_revoked *revoked,
                      struct cg_error *err)
{
    struct cg_revoke_request request = {.list = {0}};
    bool ok = true;
    *revoked = (struct cg_revoked){0};
    for (size_t i = 0; ok && i < retire->count; i++)
        ok = cg_revoke_list_add(&request.list, retire->serial[i], cg_reason_number("superseded")) ||
             cg_fail_memory(err);
    ok = ok && (!retire->count || cg_revoke(ca, &request, revoked, err));
    cg_revoke_list_clear(&request.list);
    return ok;
}

void cg_retire_clear(struct cg_retire *retire)
{
    free(retire->serial);
    *retire = (struct cg_retire){0};
}
