/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A request and what the CA knows about its certificate. The run owns the cases, which borrow the items of the source. Called by
 * find, decide, sign, retire and the verb. */
#ifndef CG_REQUESTS_CASE_H
#define CG_REQUESTS_CASE_H

#include "ca/issue.h"
#include "source.h"
#include "store/serials.h"

#define CG_SUCCESSORS_MAX 3                        /* of one certificate */
#define CG_REFUSED_MAX    (CG_RENEWAL_ID_MAX + 64) /* "ID CODE" */
#define CG_RIVAL_AGE      3600 /* s; for so long an answer that nobody used stands in the way of another request */

enum cg_case_state {
    CG_CASE_FAULTY = 0, /* it cannot be read, or the CA's folder is damaged: err */
    CG_CASE_WAITING,    /* may be signed */
    CG_CASE_ANSWERED,   /* was signed: the same certificate is answered again */
    CG_CASE_CONFIRMED,  /* the same, and it was used */
    CG_CASE_REFUSED,    /* by a rule: refusal */
    CG_CASE_FORKED,     /* a person decides: refusal has what was found */
    CG_CASE_LATER,      /* another request for the same certificate was signed less than an hour ago */
};

/* A certificate that another request for the same certificate got. */
struct cg_rival {
    unsigned generation;
    char serial[64]; /* as in the index */
};

struct cg_case {
    struct cg_item *item;
    enum cg_case_state state;
    struct cg_refusal refusal;
    struct cg_error err;
    bool is_denied;  /* by a person, in this run or an earlier one */
    bool is_noted;   /* the journal has its refusal, or its fork */
    bool is_genuine; /* the holder of the certificate's key made the request */

    /* Of the certificate, by the index and the archive. name "": this CA does not know it. */
    char name[CG_NAME_MAX + 1];
    char serial[64], sha256[CG_HEX_MAX];
    char status;         /* 'V', 'R', 'E'; '\0': it is not in the index */
    unsigned generation; /* 0: only the index has it */
    unsigned newest;     /* generation of the name */
    char file[CG_NAME_MAX + 32];

    /* Its successors. */
    unsigned own;                  /* the generation that answers this request; 0: none */
    struct cg_successor successor; /* of own */
    char own_serial[64];
    struct cg_rival rival[CG_SUCCESSORS_MAX]; /* valid ones of other requests */
    size_t rivals, total;                     /* total: with revoked ones, and own */
    bool is_rival_confirmed, is_rival_young;
    struct cg_successor new_successor; /* of what is issued now */
};

/* Those that a run is about. Borrowed. */
struct cg_case_list {
    struct cg_case **item;
    size_t count;
};

struct cg_cases {
    const struct cg_issuer *issuer;
    struct cg_case *item; /* in the order of the source */
    size_t count;
    struct cg_serials refused, forked; /* by the journal: "ID CODE" of refusals, IDs of forks */
};

void cg_cases_clear(struct cg_cases *cases);

/* "waiting", "answered", ... */
const char *cg_case_word(enum cg_case_state state);

/* The request was refused for this reason before, as the journal says. */
bool cg_case_was_refused(const struct cg_cases *cases, const struct cg_case *item, enum cg_reason reason);

/* The key that the request asks a certificate for; the caller's. NULL with *err. */
EVP_PKEY *cg_case_key(const struct cg_case *item, struct cg_error *err);

/* Always false: sets the state and the refusal, or the state of a case whose err is set. */
bool cg_case_refuse(struct cg_case *item, enum cg_reason reason, const char *detail);
bool cg_case_fail(struct cg_case *item);

#endif
