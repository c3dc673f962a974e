/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA's folder: its layout, its certificates, and the files that everything in the CA reads. open.h opens and closes it.
 *
 *   ca.pem             the trust anchor, for brokers and devices
 *   ca/                cert.pem, key.pem or key.uri of the issuing CA
 *   root/              the same of the root, crl.pem, crlnumber; only if there is an intermediate
 *   chain.pem          what follows the leaf: the intermediate; empty without one
 *   crl.pem            all current CRLs, for brokers;  crl.der: only the issuing CA's
 *   index.txt          in the format of `openssl ca`, with index.txt.attr and crlnumber
 *   journal.jsonl      what was issued and revoked, append-only
 *   live/NAME          a link to the live generation: ../archive/NAME/0001
 *   archive/NAME/0001  the generations: privkey.pem, cert.pem, chain.pem, fullchain.pem; of pruned ones only cert.pem
 *   lock, pending, stage/   one writer at a time; a change in progress (change.h)
 *
 * The verb owns the struct cg_ca. Called by all of the CA. */
#ifndef CG_CA_STORE_H
#define CG_CA_STORE_H

#include "base/secrets.h"
#include "core/base/error.h"
#include "owner.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define CG_NAME_MAX 64 /* ub-common-name, RFC 5280 appendix A.1 */

/* How a run works on the folder. Everything is borrowed until the CA is closed. */
struct cg_ca_options {
    const char *dir;   /* the folder */
    const char *word;  /* the folder quoted for a shell, for command lines in messages */
    const char *what;  /* the verb, shown to runs that wait for its lock: "issue"; "" or NULL: not shown */
    int64_t now;       /* seconds since 1970 */
    bool now_is_given; /* set by --at: a time before the newest entry of the CA is accepted */
    bool dry_run;      /* nothing is written, and no lock is taken */
    bool wait_is_given;
    int64_t wait; /* for the lock, in seconds; not given: 10 */

    /* Called once if the lock is still held after a second: its holder, as " (process 1234, issue)" or "", and how long the
     * run waits. May be NULL. */
    void (*waits)(const void *context, const char *holder, int64_t seconds);
    const void *context; /* of waits */

    struct cg_passphrase_source passphrase; /* of the CA's key */
};

struct cg_serials;

enum cg_ca_result {
    CG_CA_OK = 0,
    CG_CA_FAILED,
    CG_CA_LOCKED, /* another run holds the lock: try again later */
};

struct cg_ca {
    char dir[PATH_MAX - 512]; /* so that every path below it fits into PATH_MAX */
    const char *word;         /* that of the options */
    struct cg_ca_options options;
    int lock;                         /* -1: opened for reading */
    struct cg_ca_owner owner;         /* of the folder, and so of every file in it */
    int64_t locked_ms;                /* monotonic time when the lock was acquired */
    X509 *cert;                       /* the issuing CA; NULL before init */
    X509 *root;                       /* equal to cert if there is no intermediate */
    const struct cg_serials *revoked; /* of cg_index_revoked, if the run asks often; borrowed; NULL: not read yet */
    bool clock_set; /* --at is before the newest entry of the CA: the run records that in the journal */
};

bool cg_ca_is_two_tier(const struct cg_ca *ca);

/* out = DIR/format...; returns out. */
const char *cg_ca_path(const struct cg_ca *ca, char out[PATH_MAX], const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool cg_ca_has(const struct cg_ca *ca, const char *relative); /* a file or folder of that name exists */

/* A name that can be a folder and a common name: 1 to 64 of CG_NAME_CHARACTERS, not starting with . or -. */
#define CG_NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@:+"
bool cg_ca_name_valid(const char *name, struct cg_error *err);

/* Number of the newest generation of NAME in the archive, 0 for none. */
unsigned cg_ca_generation(const struct cg_ca *ca, const char *name);

/* The link to the live generation, whose rename switches all its files at once: live/NAME. The first versions made a folder
 * live/NAME with links into its link "current"; there, only that link changes. */
struct cg_live_link {
    char at[CG_NAME_MAX + 16]; /* relative to the CA's folder */
    char to[CG_NAME_MAX + 32]; /* its contents for a generation */
};
void cg_ca_live_link(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_live_link *link);

/* The link can be replaced. False: copied by a program that follows links; a new generation would not become live. */
bool cg_ca_live_ok(const struct cg_ca *ca, const char *name, struct cg_error *err);

/* The certificate of a generation in the archive; NULL if it cannot be read. */
X509 *cg_ca_generation_cert(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_error *err);

/* The generation of NAME in the archive that has this certificate, 0 for none. */
unsigned cg_ca_generation_of(const struct cg_ca *ca, const char *name, const X509 *cert);

/* live/NAME/cert.pem; NULL with the fix if there is none. */
X509 *cg_ca_live_cert(const struct cg_ca *ca, const char *name, struct cg_error *err);

/* A JSON file of the folder; NULL if it cannot be read or parsed. The caller's. */
cJSON *cg_ca_json(const struct cg_ca *ca, const char *relative);

/* A file that another run may be appending to, from its last tail bytes on (0: whole); a missing file is empty. *text is
 * malloc'ed and NUL-terminated. */
bool cg_ca_read(const struct cg_ca *ca, const char *relative, size_t tail, char **text, size_t *len,
                struct cg_error *err);

/* The same of an open file. *text and *len must be zero; free *text in every case. */
bool cg_read_fd(int fd, size_t tail, char **text, size_t *len);

/* One certificate in PEM; certificate and CRL as PEM, malloc'ed. */
X509 *cg_cert_load(const char *path, struct cg_error *err);
char *cg_cert_pem(const X509 *cert);
char *cg_crl_pem(const X509_CRL *crl);
char *cg_crl_der_pem(const unsigned char *der, int len);

/* Adds to the error that the file must be restored from a backup: a lost or damaged one is never silently replaced. Always
 * false. */
bool cg_ca_from_backup(struct cg_error *err);

#endif
