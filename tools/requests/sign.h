/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a run does about the cases, in this order: confirm, issue, replace and retire (retire.h), note refusals, answer. A run that is
 * killed between two of them leaves what the next run completes. All but answer need the lock of the CA. The verb owns the structs. */
#ifndef CG_REQUESTS_SIGN_H
#define CG_REQUESTS_SIGN_H

#include "ca/renew.h"
#include "case.h"

/* Records which new certificates were used, and finds the successors again. *count: those that were not recorded before. */
bool cg_cases_confirm(struct cg_cases *cases, const struct cg_ca *ca, size_t *count, struct cg_error *err);

struct cg_cases_issue {
    struct cg_ca *ca;
    struct cg_issuer *issuer;
    struct cg_case **item; /* those that are WAITING and wanted */
    size_t count;
    /* Called for each: it was issued, or failed with item->err. renewed is borrowed; NULL: failed. */
    void (*done)(void *context, struct cg_case *item, const struct cg_renewed *renewed);
    void *context;
    struct cg_progress *progress; /* may be NULL */
};

/* Issues; the cases become ANSWERED, or FAULTY. */
enum cg_ca_result cg_cases_issue(struct cg_cases_issue *run, struct cg_error *err);

/* A person's refusal. reason: one line, which the device gets. */
void cg_case_deny(struct cg_case *item, const char *reason);

/* Lines of the journal for refusals that were not answered before, and for those that a person must decide and that it does not
 * contain yet. Only for requests that the holder of the certificate made: nobody else can fill the journal. */
bool cg_cases_note(const struct cg_case_list *list, const struct cg_ca *ca, struct cg_error *err);

/* It is answered with a certificate that replaces one that another request got and did not use. */
bool cg_case_replaces(const struct cg_case *item);

/* A refusal that the journal does not contain, and that is not answered yet. */
bool cg_case_is_news(const struct cg_case *item);

/* Writes the answer that the case has: its certificate, or its refusal; of confirmed ones, removes it. Nothing if the same
 * answer is there. */
bool cg_case_answer(struct cg_case *item, const struct cg_issuer *issuer, struct cg_source *source,
                    struct cg_error *err);

#endif
