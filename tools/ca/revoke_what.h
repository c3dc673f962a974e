/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is to be revoked: names, serial numbers and files of certificates, typed or read from a list, and the rows of the
 * index that they stand for. One that is wrong holds back no other.
 * The caller owns the list, and the texts in it stay its own. Called by revoke and its verb. */
#ifndef CG_CA_REVOKE_WHAT_H
#define CG_CA_REVOKE_WHAT_H

#include "store/index.h"

struct cg_revoke_what {
    const char
        *text; /* a name, for all its certificates; a serial number in any usual spelling; a certificate's file */
    unsigned long line; /* of the list; 0: it was typed */
    int reason;         /* CRLReason; -1: unspecified */
    char *fault;        /* owned; NULL unless it is wrong or unknown: then it revokes nothing */
    bool is_name;
    bool is_serial;
    char serial[48]; /* without leading zeros */
    X509 *cert;      /* of a file; owned */
    size_t matched;  /* certificates of the index, revoked before or not */
};

struct cg_revoke_list {
    struct cg_revoke_what *item;
    size_t count;
};

/* False: out of memory. */
bool cg_revoke_list_add(struct cg_revoke_list *list, const char *text, int reason);

/* Splits text, which a NUL follows, in place: one WHAT a line, and a reason for it, else the one given; "#" starts a comment.
 * A line that is wrong becomes an item with a fault. False: out of memory. */
bool cg_revoke_list_read(struct cg_revoke_list *list, char *text, size_t len, int reason);

void cg_revoke_list_clear(struct cg_revoke_list *list);

/* Decides for each item what it is, by the index and the files, and sets its fault. A name has precedence over a serial
 * number, and both over a file without a slash in its path. A file is read with the caller's rights, not the CA's owner's.
 * False: the index is damaged, or out of memory. */
bool cg_revoke_identify(struct cg_revoke_list *list, const struct cg_ca *ca, struct cg_index *index,
                        struct cg_error *err);

/* The identified items, sorted: a list of any length is one pass over the index. */
struct cg_revoke_lookup {
    struct cg_revoke_what **name, **serial; /* borrowed items */
    size_t names, serials;
};
bool cg_revoke_lookup_open(struct cg_revoke_lookup *lookup, const struct cg_revoke_list *list, struct cg_error *err);
void cg_revoke_lookup_close(struct cg_revoke_lookup *lookup);

/* Counts a match in every item that stands for the row; false if none does. *reason: the gravest of theirs. *cert: from an
 * item that is its file, borrowed; NULL: none. */
bool cg_revoke_lookup_row(const struct cg_revoke_lookup *lookup, const struct cg_index_row *row, int *reason,
                          X509 **cert);

#endif
