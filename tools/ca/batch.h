/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Many certificates from one text: a line each, "NAME [TYPE:SAN ...]". Threads make keys and certificates, a few
 * hundred at a time become one change, and between two of them the lock goes to others that wait for it. Names that are
 * live already are passed over, so that a run that was stopped continues where it was.
 * Nothing is owned. Called by verb_issue. */
#ifndef CG_CA_BATCH_H
#define CG_CA_BATCH_H

#include "issue.h"

struct cg_batch_request {
    const struct cg_ca_profile *profile;
    const char *key_type;                       /* of CG_KEY_TYPES; NULL: p256 */
    const char *organization, *unit, *country;  /* of every subject; NULL: left out */
    const struct cg_certificate_policy *policy; /* or NULL */
    int64_t lifetime;                           /* s; 0: the profile's */
    bool both_purposes;

    /* Told of a line of which nothing was made, and how far it is, after each change. NULL: nobody asks. */
    void (*failed)(const void *context, unsigned long line, const char *why);
    void (*went)(const void *context, size_t done, size_t total);
    const void *context; /* of both */
};

struct cg_batch_result {
    size_t made, skipped, failed; /* skipped: live already */
    size_t shortened;             /* of those that were made: they end with the CA */
};

/* One line, cut into words in place: *name points into it, its SANs are added to names. */
bool cg_batch_line(char *line, bool is_server, const char **name, GENERAL_NAMES *names, struct cg_error *err);

/* text is cut into words in place. A line that fails does not keep the others from theirs; anything but CG_CA_OK ends the
 * batch, with the reason. result is filled in every case. In a dry run everything is made and nothing is written. */
enum cg_ca_result cg_batch_issue(struct cg_ca *ca, struct cg_issuer *issuer, const struct cg_batch_request *request,
                                 char *text, struct cg_batch_result *result, struct cg_error *err);

#endif
