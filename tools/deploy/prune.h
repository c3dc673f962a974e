/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Pruning removes privkey.pem, chain.pem and fullchain.pem of generations that nothing needs any more. Their cert.pem and
 * folders stay: the numbers of generations are not used again, and the index, the keys that are never certified (key_ban.h)
 * and `crl --restore-index` need the certificates.
 *
 * A generation is removed if it is revoked, has expired or is superseded for long enough, and not if it is
 *   the live one of its name, or newer than that and valid;
 *   the one that `deploy --rollback` would choose;
 *   found in a folder where its name is deployed, or such a folder cannot be read;
 *   of a name whose rotation is not finished;
 *   not the certificate that the index has.
 * The verb prune owns the struct; the lock must be held. */
#ifndef CG_PRUNE_H
#define CG_PRUNE_H

#include "inventory.h"

struct cg_prune_item {
    struct cg_inventory_row row;
    int64_t since; /* when it ended or was superseded */
};

struct cg_prune_kept {
    char name[CG_NAME_MAX + 1];
    unsigned generation;
    bool is_fault; /* something that cannot be read */
    struct cg_error why;
};

struct cg_prune {
    struct cg_inventory inventory;
    struct cg_prune_item *item; /* to be removed, by name and generation */
    size_t count;
    struct cg_prune_kept *kept; /* old enough, but not removed */
    size_t nkept;
    bool is_more; /* the limit was reached: plan again after this was written */
};

struct cg_prune_request {
    bool (*is_wanted)(const void *context, const char *name);
    const void *context;
    int64_t older_than; /* s */
    size_t limit;       /* selected at once, by whole names; 0: no limit */
};

/* Selects; nothing is written. End it in every case. */
bool cg_prune_plan(struct cg_prune *prune, const struct cg_ca *ca, const struct cg_prune_request *request,
                   struct cg_error *err);
bool cg_prune_write(const struct cg_prune *prune, struct cg_error *err);
void cg_prune_end(struct cg_prune *prune);

#endif
