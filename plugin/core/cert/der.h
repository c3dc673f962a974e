/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A cursor over strict DER (X.690 section 10): definite lengths in their shortest form, low tag numbers only. Borrows
 * the bytes; copies and allocates nothing. Called by the CRL reader, which reads files of a gigabyte, by pem.c, and by core/renewal. */
#ifndef CG_DER_H
#define CG_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_der {
    const unsigned char *at, *end;
};

enum {
    CG_DER_BOOLEAN = 0x01,
    CG_DER_INTEGER = 0x02,
    CG_DER_BIT_STRING = 0x03,
    CG_DER_OCTET_STRING = 0x04,
    CG_DER_OID = 0x06,
    CG_DER_ENUMERATED = 0x0a,
    CG_DER_UTC_TIME = 0x17,
    CG_DER_GENERALIZED_TIME = 0x18,
    CG_DER_SEQUENCE = 0x30,
    CG_DER_SET = 0x31,
    CG_DER_CONTEXT_0 = 0xa0, /* constructed */
};

static inline size_t cg_der_left(const struct cg_der *in)
{
    return (size_t)(in->end - in->at);
}

/* Does the next element have this tag? */
static inline bool cg_der_is(const struct cg_der *in, unsigned tag)
{
    return in->at < in->end && *in->at == tag;
}

/* Consumes one element with this tag; *content gets its content. False, with *in unchanged, if the tag is another
 * one, or if the length is not strict DER or exceeds the data. */
bool cg_der_take(struct cg_der *in, unsigned tag, struct cg_der *content);

/* Like cg_der_take, but *whole gets the element with its header. */
bool cg_der_take_whole(struct cg_der *in, unsigned tag, struct cg_der *whole);

/* Is the content of an INTEGER or ENUMERATED in its shortest form (X.690 8.3.2)? */
bool cg_der_integer_is_minimal(const struct cg_der *content);

/* Does the content of an OBJECT IDENTIFIER consist of whole arcs, each in its shortest form (X.690 8.19)? */
bool cg_der_oid_is_strict(const struct cg_der *content);

/* BOOLEAN DEFAULT FALSE: absent means false; if present, it must be TRUE as 0xff (X.690 11.1 and 11.5). */
bool cg_der_take_default_false(struct cg_der *in, bool *value);

/* UTCTime or GeneralizedTime in the form of RFC 5280 4.1.2.5: with seconds, without fraction, ending in Z. In seconds
 * since 1970. */
bool cg_der_take_time(struct cg_der *in, int64_t *seconds);

/* The content of a GeneralizedTime of that form. */
bool cg_der_generalized_time(const struct cg_der *content, int64_t *seconds);

bool cg_der_equal(const struct cg_der *a, const struct cg_der *b);

#endif
