/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Many certificates from one text with a line for each: "NAME [TYPE:SAN ...]". Names that are already live
 * are skipped, so that a repeated run continues a stopped one.
 * Nothing is owned. Called by the verb issue. */
#ifndef CG_CA_BATCH_H
#define CG_CA_BATCH_H

#include "base/progress.h"
#include "issue.h"

struct cg_batch_request {
    const struct cg_ca_profile *profile;
    const char *key_type;                       /* of CG_KEY_TYPES; NULL: p256 */
    const char *organization, *unit, *country;  /* of every subject; NULL: omitted */
    const struct cg_certificate_policy *policy; /* or NULL */
    int64_t lifetime;                           /* s; 0: the profile's */
    bool both_purposes;

    /* Called for a line without a certificate. May be NULL. */
    void (*failed)(const void *context, unsigned long line, const char *why);
    const void *context;
    struct cg_progress *progress; /* in lines; may be NULL */
};

struct cg_batch_result {
    size_t made, skipped, failed; /* skipped: already live */
    size_t shortened;             /* those of the made ones that end with the CA */
};

/* Splits one line in place: *name points into it, its SANs are added to names. */
bool cg_batch_line(char *line, bool is_server, const char **name, GENERAL_NAMES *names, struct cg_error *err);

/* Splits text in place. A line that fails does not stop the batch; anything but CG_CA_OK does, with the reason. result is
 * filled in every case. In a dry run everything is made and nothing is written. */
enum cg_ca_result cg_batch_issue(struct cg_ca *ca, struct cg_issuer *issuer, const struct cg_batch_request *request,
                                 char *text, struct cg_batch_result *result, struct cg_error *err);

#endif
