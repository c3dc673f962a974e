/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The names under live/, with the dates of their certificates, for runs that look for what is due among many. All
 * certificates are read, but only up to their dates: OpenSSL takes far longer, since it decodes every key.
 * The caller owns the list. Called by renewal for "is it due"; what is certified is read from the certificate by OpenSSL. */
#ifndef CG_STORE_LIVE_H
#define CG_STORE_LIVE_H

#include "store.h"

struct cg_live {
    char *name;
    bool has_record; /* in deploy/ or rotate/: its last renewal may be unfinished */
    bool is_read;    /* else its certificate cannot be read, and what follows is not set */
    int64_t start, end;
    char serial[48]; /* as in the index */
};

struct cg_lives {
    struct cg_live *item; /* sorted by name, as strcmp does */
    size_t count;
};

/* ca may be a folder that is not a CA of this program. A missing folder is an empty list. */
bool cg_lives_load(struct cg_lives *lives, const struct cg_ca *ca, struct cg_error *err);
void cg_lives_free(struct cg_lives *lives);

/* The dates and the serial number of a certificate in PEM, which is overwritten. False: leave it to OpenSSL. */
bool cg_live_read_pem(struct cg_live *live, unsigned char *pem, size_t len);

#endif
