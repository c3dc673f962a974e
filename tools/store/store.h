/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA's folder: its layout, and the certificates of the CA itself. Opened and closed by open.h.
 *
 *   ca.pem             the trust anchor, for brokers and devices
 *   ca/                cert.pem, key.pem or key.uri of the CA that issues
 *   root/              the same of the root, crl.pem, crlnumber; only where there is an intermediate
 *   chain.pem          what follows the leaf: the intermediate; empty without one
 *   crl.pem            every current CRL, for brokers;  crl.der: the issuing CA's alone
 *   index.txt          as `openssl ca` reads it, with index.txt.attr and crlnumber
 *   journal.jsonl      what was issued and revoked, append-only
 *   live/NAME/         privkey.pem, cert.pem, chain.pem, fullchain.pem -> current/..., current -> the generation
 *   archive/NAME/0001  the generations
 *   lock, pending, stage/   one writer at a time; a change that is under way (change.h)
 *
 * The verb owns the struct cg_ca. Called by all of the CA. */
#ifndef CG_CA_STORE_H
#define CG_CA_STORE_H

#include "base/secrets.h"
#include "core/base/error.h"
#include "owner.h"

#include <limits.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define CG_NAME_MAX 64 /* ub-common-name, RFC 5280 appendix A.1 */

/* Who works on the folder, and how. Everything is borrowed until the CA is closed. */
struct cg_ca_options {
    const char *dir;   /* the folder */
    const char *word;  /* the same as a shell takes it, for command lines in messages */
    const char *what;  /* what the run does, for those that wait for its lock: "issue"; "" or NULL: not said */
    int64_t now;       /* seconds since 1970 */
    bool now_is_given; /* somebody looked at the time: one before what the CA has seen is no error */
    bool dry_run;      /* nothing is written, and no lock is taken */
    bool wait_is_given;
    int64_t wait; /* for the lock, in seconds; not given: longer than nearly every run */

    /* Told once, when the lock has not come after a second: its holder, as " (process 1234, issue)" or "", and how long
     * the wait may last. NULL: nobody asks. */
    void (*waits)(const void *context, const char *holder, int64_t seconds);
    const void *context; /* of waits */

    struct cg_passphrase_source passphrase; /* of the CA's key */
};

enum cg_ca_result {
    CG_CA_OK = 0,
    CG_CA_FAILED,
    CG_CA_LOCKED, /* another run holds the lock: try again later */
};

struct cg_ca {
    char dir[PATH_MAX - 512]; /* so that every path below it fits into PATH_MAX */
    const char *word;         /* that of the options */
    struct cg_ca_options options;
    int lock;                 /* -1: opened for reading */
    struct cg_ca_owner owner; /* of the folder, and so of every file in it */
    int64_t locked_ms;        /* monotonic: since when it is held */
    X509 *cert;               /* the CA that issues; NULL before init */
    X509 *root;               /* the same certificate where there is no intermediate */
    bool clock_set;           /* --at goes back behind what the CA has seen: the run leaves a line in the journal */
};

bool cg_ca_is_two_tier(const struct cg_ca *ca);

/* out = DIR/format...; returns out. */
const char *cg_ca_path(const struct cg_ca *ca, char out[PATH_MAX], const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool cg_ca_has(const struct cg_ca *ca, const char *relative); /* a file or folder of that name is there */

/* A name that can be a folder and a common name: 1 to 64 of A-Z a-z 0-9 . _ - @ : +, not starting with . or -. */
bool cg_ca_name_valid(const char *name, struct cg_error *err);

/* Number of the newest generation of NAME in the archive, 0 for none. */
unsigned cg_ca_generation(const struct cg_ca *ca, const char *name);

/* live/NAME/cert.pem; NULL with the fix when there is none. */
X509 *cg_ca_live_cert(const struct cg_ca *ca, const char *name, struct cg_error *err);

/* One certificate in PEM. */
X509 *cg_cert_load(const char *path, struct cg_error *err);

/* Adds to the text that the file is to be put back from a backup: one that is lost or damaged is never made anew in
 * silence. Always false. */
bool cg_ca_from_backup(struct cg_error *err);

#endif
