/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The revoked serial numbers of one CRL: sorted arrays of fixed-width records, without pointers or hashes. Exact: a
 * record contains the whole serial number, so no match is missed or false. Filled in four steps (count, reserve, put,
 * sort), so each array is allocated once, at its final size. The CRL owns it. Called by loaded_crl.c. Immutable after
 * the sort; then any thread may search. */
#ifndef CG_CRL_INDEX_H
#define CG_CRL_INDEX_H

#include <openssl/asn1.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_SERIAL_MAX 20 /* RFC 5280 4.1.2.2 */

/* Sign and magnitude, as in ASN1_INTEGER: negative serial numbers are invalid but exist. */
struct cg_serial {
    bool negative;
    unsigned char magnitude[CG_SERIAL_MAX]; /* big-endian, padded with leading zeros */
};

/* content: of a minimal DER INTEGER. False if the magnitude is longer than 20 octets. */
bool cg_serial_from_der(const unsigned char *content, size_t len, struct cg_serial *out);
bool cg_serial_from_asn1(const ASN1_INTEGER *serial, struct cg_serial *out);

#define CG_CRL_INDEX_CLASSES 6

struct cg_crl_index {
    struct {
        unsigned char *records;
        size_t count, filled;
    } classes[CG_CRL_INDEX_CLASSES]; /* by width and sign of the serial number */
};

struct cg_crl_record {
    int64_t revoked_at; /* s since 1970, to the minute; CG_TIME_NONE for a date before 1970 */
    int reason;         /* CRLReason; -1 if the entry has none */
};

void cg_crl_index_count(struct cg_crl_index *index, const struct cg_serial *serial);
bool cg_crl_index_reserve(struct cg_crl_index *index); /* false without memory */
void cg_crl_index_put(struct cg_crl_index *index, const struct cg_serial *serial, const struct cg_crl_record *record);
void cg_crl_index_sort(struct cg_crl_index *index);
void cg_crl_index_clear(struct cg_crl_index *index);

bool cg_crl_index_find(const struct cg_crl_index *index, const struct cg_serial *serial, struct cg_crl_record *out);
size_t cg_crl_index_entries(const struct cg_crl_index *index);

#endif
