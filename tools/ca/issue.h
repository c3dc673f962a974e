/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Issuing a certificate: a generation in the archive, a line in the index and one in the journal. Used by issue, sign,
 * renew, rotate and batch; the verb owns the structs. */
#ifndef CG_CA_ISSUE_H
#define CG_CA_ISSUE_H

#include "check.h"
#include "core/file/file_state.h"
#include "key.h"
#include "key_ban.h"
#include "settings.h"
#include "sign.h"
#include "store/change.h"
#include "store/index.h"
#include "store/serials.h"
#include "successor.h"

#include <cjson/cJSON.h>

struct cg_issuer {
    const struct cg_ca *ca;
    EVP_PKEY *key;
    struct cg_ca_checker checker;
    struct cg_index index;     /* as at the start */
    struct cg_serials serials; /* in use */
    struct cg_serials revoked; /* those of them that are revoked */
    struct cg_file_state read; /* index.txt, as it was read or written by this run */
    struct cg_key_bans bans;   /* keys that are not certified */
    struct cg_settings settings;
    char *chain;       /* chain.pem: what follows the leaf, PEM, may be "" */
    bool chain_is_new; /* the file is missing or has other contents */
    int64_t now;
};

struct cg_issue_request {
    const char *name;
    struct cg_certificate_request request; /* now is set by the issuer */
    bool private_key;                      /* request.key has its private half, which is written as privkey.pem */
    bool is_old_key;                       /* of a renewal: the key is that of the generation before */
    unsigned generation;                   /* in the archive; set by cg_issue_place, as is_live is */
    bool is_live;                          /* live/NAME exists */
    unsigned slot;                         /* names the staged files; unique within a change */
    const struct cg_settings *settings;    /* cg_issue_write writes them too; NULL: they did not change */
    const struct cg_successor *successor;  /* of a device's request; borrowed; NULL: of none */
    const X509 *predecessor;               /* with successor: the certificate that it succeeds; borrowed */
};

struct cg_issued {
    X509 *cert;
    bool shortened;  /* ends with the issuer, earlier than requested */
    char serial[64]; /* as in the index: upper case, even length */
    char *pem;       /* of cert */
};

/* Opens the settings, the index, the checker, and last the key, with its passphrase. The caller warns about bans.lost, even if the key
 * cannot be read. Close it in every case. */
bool cg_issuer_open(struct cg_issuer *issuer, const struct cg_ca *ca, struct cg_error *err);

/* The same in two steps, for a run that learns only then whether it signs. */
bool cg_issuer_prepare(struct cg_issuer *issuer, const struct cg_ca *ca, struct cg_error *err);
bool cg_issuer_open_key(struct cg_issuer *issuer, struct cg_error *err);

/* Reads again what other runs have changed while they had the lock: the state of index.txt is not that of the last reading
 * or cg_issuer_note_written. */
bool cg_issuer_refresh(struct cg_issuer *issuer, struct cg_error *err);
void cg_issuer_note_written(struct cg_issuer *issuer); /* before the lock is yielded */
void cg_issuer_close(struct cg_issuer *issuer);

/* The next generation of issue->name. */
void cg_issue_place(const struct cg_ca *ca, struct cg_issue_request *issue);

/* Signs and checks; nothing is written. Thread-safe. */
bool cg_issue_make(const struct cg_issuer *issuer, const struct cg_issue_request *issue, struct cg_issued *issued,
                   struct cg_error *err);

/* Stages the generation's files. Thread-safe. */
bool cg_issue_stage(const struct cg_issuer *issuer, const struct cg_change *change,
                    const struct cg_issue_request *issue, const struct cg_issued *issued, struct cg_error *err);

/* Adds the steps that put it into archive/, live/, the index and the journal. */
bool cg_issue_record(struct cg_change *change, const struct cg_issue_request *issue, const struct cg_issued *issued,
                     struct cg_error *err);

/* Stages and records in its own change. */
bool cg_issue_write(const struct cg_issuer *issuer, const struct cg_issue_request *issue,
                    const struct cg_issued *issued, struct cg_error *err);

void cg_issued_clear(struct cg_issued *issued);

/* The certificate for --json; the journal has its serial number as in the index. */
cJSON *cg_issued_json(const struct cg_issue_request *issue, const struct cg_issued *issued);

/* The time for people; "" if it is invalid. */
void cg_date_text(const ASN1_TIME *time, char out[24]);

#endif
