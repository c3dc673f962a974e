/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* index.txt, the database of `openssl ca`: one line per certificate, six fields separated by tabs:
 * status (V, R or E), expiry, revocation date with reason, serial number, file, subject.
 * The file is archive/NAME/GENERATION for certificates of this tool, else "unknown".
 * Read whole and walked once: a million lines take well under a second. The caller owns the struct. Called by the verbs,
 * the CA and import. */
#ifndef CG_CA_INDEX_H
#define CG_CA_INDEX_H

#include "serials.h"
#include "store.h"

#include <stdio.h>

struct cg_index_row {
    char status; /* 'V', 'R', 'E' */
    int64_t expires;
    int64_t revoked;                     /* CG_TIME_NONE unless status is 'R' */
    int reason;                          /* CRLReason, -1 for none */
    const char *serial, *file, *subject; /* borrowed; subject as openssl's one line "/O=x/CN=y" */
    const char *line;                    /* the row in the text, and its length without the line feed */
    size_t len;
};

struct cg_index {
    char *text; /* as on disk */
    size_t len;
    char *fields; /* a copy, split into fields */
    size_t at;
    unsigned long number; /* of the line, from 1 */
    bool is_damaged;      /* a line could not be read */
    const char *path;     /* for messages; borrowed; NULL: "index.txt" */
    const char *word;     /* the CA's folder for command lines in messages; borrowed; NULL: not the index of a CA */
};

/* A missing file is an empty index. */
bool cg_index_load(struct cg_index *index, const struct cg_ca *ca, struct cg_error *err);
bool cg_index_load_file(struct cg_index *index, const char *path, struct cg_error *err); /* which must exist */
/* Takes malloc'ed text, up to its last whole line: another run may be appending. */
bool cg_index_of_text(struct cg_index *index, char *text, size_t len, struct cg_error *err);
void cg_index_free(struct cg_index *index);

/* The next row; false at the end, or at an invalid line: then is_damaged is set and err has the reason. */
bool cg_index_next(struct cg_index *index, struct cg_index_row *row, struct cg_error *err);
void cg_index_rewind(struct cg_index *index);

/* The name under live/, from the file field, or the common name; "" for none. */
void cg_index_row_name(const struct cg_index_row *row, char out[CG_NAME_MAX + 1]);

/* Serial number and subject in the form of events and of all JSON (cg_serial_text, cg_name_text), from the index's: "01AB"
 * becomes "1ab", and "/O=x/CN=y" becomes "CN=y,O=x". Both return out. */
#define CG_SERIAL_TEXT_MAX 48
const char *cg_index_serial_text(const char *serial, char out[CG_SERIAL_TEXT_MAX]);
const char *cg_index_subject_text(const char *subject, char *out, size_t size);

/* Status of a certificate by its serial number: 'V', 'R', 'E'; '\0' if the index does not contain it. */
char cg_index_status(const struct cg_index *index, const X509 *cert);

/* Adds the serial numbers that are revoked in the CA's index. */
bool cg_index_revoked(const struct cg_ca *ca, struct cg_serials *revoked, struct cg_error *err);

/* True with the answer; it reads the index unless ca->revoked is set. */
bool cg_index_is_revoked(const struct cg_ca *ca, const X509 *cert, bool *revoked, struct cg_error *err);

/* A serial number as in the index: upper case, an even number of digits; OPENSSL_malloc'ed. */
char *cg_index_serial(const ASN1_INTEGER *serial);

/* One line without line feed; malloc'ed. */
char *cg_index_line(const X509 *cert, const char *file);

/* Writes a row with line feed, without using line and len. */
void cg_index_print(FILE *out, const struct cg_index_row *row);

/* Names of CRLReason, RFC 5280 5.3.1, in OpenSSL's spelling: "keyCompromise". NULL: no such number. */
const char *cg_reason_name(int reason);
int cg_reason_number(const char *name); /* in any case; -1: no such name */

/* How much a reason says against the key: a hold may end, and someone else has a compromised key. A reason replaces those
 * below it, and no other. */
enum cg_reason_gravity { CG_REASON_HOLD = 0, CG_REASON_USUAL, CG_REASON_COMPROMISE };
enum cg_reason_gravity cg_reason_gravity(int reason);

#endif
