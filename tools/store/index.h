/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* index.txt, the database of `openssl ca`: a line a certificate, six fields between tabs:
 * status (V, R or E), expiry, revocation date with reason, serial number, file, subject.
 * In the file field stands archive/NAME/GENERATION where this tool issued, else "unknown".
 * Read whole and walked once: a million lines take well under a second. Called by the verbs and ca_crl. */
#ifndef CG_CA_INDEX_H
#define CG_CA_INDEX_H

#include "store.h"

#include <stdio.h>

struct cg_index_row {
    char status; /* 'V', 'R', 'E' */
    int64_t expires;
    int64_t revoked;                     /* CG_TIME_NONE unless status is 'R' */
    int reason;                          /* CRLReason, -1 for none */
    const char *serial, *file, *subject; /* borrowed, terminated; subject as openssl's one line "/O=x/CN=y" */
    const char *line;                    /* where the row starts in the text, and its length without the line feed */
    size_t len;
};

struct cg_index {
    char *text; /* as on disk */
    size_t len;
    char *fields; /* a copy, cut into fields */
    size_t at;
    unsigned long number; /* of the line, from 1 */
    const char *word;     /* the CA's folder for command lines that are shown; NULL: not a CA's own; borrowed */
};

/* A missing file is an empty index. */
bool cg_index_load(struct cg_index *index, const struct cg_ca *ca, struct cg_error *err);
/* Takes malloc'ed text, up to its last whole line: another run may be appending. */
bool cg_index_of_text(struct cg_index *index, char *text, size_t len, struct cg_error *err);
void cg_index_free(struct cg_index *index);

/* The next row; false at the end, or on a line that is none (then err has a text). Rewind: index->at = 0. */
bool cg_index_next(struct cg_index *index, struct cg_index_row *row, struct cg_error *err);

/* The name under live/, from the file field, or the common name; "" for none. */
void cg_index_row_name(const struct cg_index_row *row, char out[CG_NAME_MAX + 1]);

/* Status of a certificate by its serial number: 'V', 'R', 'E'; '\0' when the index does not have it. */
char cg_index_status(const struct cg_index *index, const X509 *cert);

/* A serial number as the index writes it: upper case, an even number of digits; OPENSSL_malloc'ed. */
char *cg_index_serial(const ASN1_INTEGER *serial);

/* One line without line feed; malloc'ed. */
char *cg_index_line(const X509 *cert, const char *file);

/* A row that was changed, with line feed; line and len of the row are not used. */
void cg_index_print(FILE *out, const struct cg_index_row *row);

/* Names of CRLReason, RFC 5280 5.3.1, in OpenSSL's spelling: "keyCompromise". NULL: no such number. */
const char *cg_reason_name(int reason);
int cg_reason_number(const char *name); /* -1: no such name */

#endif
