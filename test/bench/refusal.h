/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Clients that a server must refuse. The table is constant. Called by benchmarks. */
#ifndef CG_BENCH_REFUSAL_H
#define CG_BENCH_REFUSAL_H

#include "load.h"

struct refusal {
    const char *name;
    const char *leaf, *chain; /* names in refusal_pki(); leaf NULL: no certificate */
    int version;              /* the only version offered; 0: that of the load */
    const char *bytes;        /* sent instead of TLS */
    size_t len;
    bool crl; /* the server has the CRL */
};

extern const struct refusal refusals[];
extern const size_t refusals_count;

/* bench_pki() and the certificates of the table. The caller frees it. */
struct cg_pki *refusal_pki(void);

/* Writes the CRL that revokes a client of the table. The caller removes the file. */
#define REFUSAL_PATH 700
void refusal_write_crl(const struct cg_pki *pki, char path[REFUSAL_PATH]);

/* Whether the kind does not depend on the TLS version of the load. */
bool refusal_any_version(const struct refusal *refusal);

/* The load's clients are now of this kind. An attempt fails if certguard accepts one; what else accepts them is counted. */
void refusal_load(struct load *load, const struct refusal *refusal);

/* Connects a valid client whose intermediate the refused ones use too, so that certguard knows its signature. */
bool refusal_introduce(struct load *load);

#endif
