/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Issuing: from an order to a generation in the archive, a line in the index and one in the journal.
 * One way for issue, sign, renew, rotate and batch. The verb owns both structs. */
#ifndef CG_CA_ISSUE_H
#define CG_CA_ISSUE_H

#include "check.h"
#include "key.h"
#include "key_ban.h"
#include "sign.h"
#include "store/change.h"
#include "store/index.h"
#include "store/serials.h"

#include <cjson/cJSON.h>

struct cg_issuer {
    const struct cg_ca *ca;
    EVP_PKEY *key;
    struct cg_ca_checker checker;
    struct cg_index index;     /* as it was at the start */
    struct cg_serials serials; /* in use */
    struct cg_key_bans bans;   /* keys that are not certified */
    char *chain;               /* chain.pem: what follows the leaf, PEM, maybe "" */
    bool chain_is_new;         /* the file holds something else, or is lost */
    int64_t now;
};

struct cg_issue_request {
    const char *name;
    struct cg_certificate_request request; /* now is set by the issuer */
    bool private_key;                      /* request.key has its private half: written as privkey.pem */
    unsigned generation;                   /* of the archive; cg_issue_place sets both */
    bool is_live;                          /* live/NAME exists: only its link "current" changes */
    unsigned slot;                         /* names the staged files; its own for each order of a change */
};

struct cg_issued {
    X509 *cert;
    bool shortened;  /* the issuer ends earlier than what was asked for */
    char serial[64]; /* as in the index: upper case, even length */
    char *pem;       /* of cert */
};

/* The index, the checker, and last the key, with its passphrase. bans.lost is for the caller to warn about, also where the
 * key is not to be had. Close it in every case. */
bool cg_issuer_open(struct cg_issuer *issuer, const struct cg_ca *ca, struct cg_error *err);

/* Reads again what other runs may have changed while the lock was given away. */
bool cg_issuer_refresh(struct cg_issuer *issuer, struct cg_error *err);
void cg_issuer_close(struct cg_issuer *issuer);

/* The next generation of order->name. */
void cg_issue_place(const struct cg_ca *ca, struct cg_issue_request *issue);

/* Signs and checks; nothing is written. Thread-safe. */
bool cg_issue_make(const struct cg_issuer *issuer, const struct cg_issue_request *issue, struct cg_issued *issued,
                   struct cg_error *err);

/* Stages the generation's files. Thread-safe. */
bool cg_issue_stage(const struct cg_issuer *issuer, const struct cg_change *change,
                    const struct cg_issue_request *issue, const struct cg_issued *issued, struct cg_error *err);

/* Adds the steps that put it into archive/, live/, the index and the journal. */
bool cg_issue_record(const struct cg_issuer *issuer, struct cg_change *change, const struct cg_issue_request *issue,
                     const struct cg_issued *issued, struct cg_error *err);

/* Stage and record as one change of their own. */
bool cg_issue_write(const struct cg_issuer *issuer, const struct cg_issue_request *issue,
                    const struct cg_issued *issued, struct cg_error *err);

void cg_issued_clear(struct cg_issued *issued);

/* What the journal and machines are told about a certificate that was made. */
cJSON *cg_issued_json(const struct cg_issue_request *issue, const struct cg_issued *issued);

/* Owned text for people: "2027-02-21". */
void cg_date_text(const ASN1_TIME *time, char out[24]);

/* PEM of a certificate, malloc'ed. */
char *cg_cert_pem(X509 *cert);

#endif
