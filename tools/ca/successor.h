/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which certificate succeeded which: a generation that a device requested (docs/renewal.md) has a file renewal.json beside its
 * cert.pem, written in the same change. prune keeps it. The caller owns the structs. Called by issue, requests/, and the verbs. */
#ifndef CG_CA_SUCCESSOR_H
#define CG_CA_SUCCESSOR_H

#include "core/cert/name.h"
#include "store/store.h"

#define CG_SUCCESSOR_FILE "renewal.json"

struct cg_successor {
    char id[CG_HEX_MAX];          /* of the request; "": no request made this generation */
    char predecessor[CG_HEX_MAX]; /* SHA-256 of the certificate that it succeeds, hex */
    int64_t requested;            /* s, by the broker's clock; CG_TIME_NONE: unknown */
    int64_t confirmed;            /* s, when this CA learned that it was used; CG_TIME_NONE: not yet */
};

/* id is "" if the generation did not come by a request. False: the file is there and cannot be read. */
bool cg_successor_read(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_successor *successor,
                       struct cg_error *err);
cJSON *cg_successor_json(const struct cg_successor *successor); /* the caller's; NULL: out of memory */

/* The live certificate of NAME came by a request: its device renews it, and nobody else. */
bool cg_successor_is_live(const struct cg_ca *ca, const char *name);

#endif
