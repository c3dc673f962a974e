/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A cursor over strict DER (X.690 section 10): definite lengths in their shortest form, low tag numbers only.
 * Borrows the bytes, copies and allocates nothing. Called by the CRL reader, which walks files of a gigabyte. */
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
    CG_DER_CONTEXT_0 = 0xa0, /* constructed */
};

static inline size_t cg_der_left(const struct cg_der *in)
{
    return (size_t)(in->end - in->at);
}

/* The next element has this tag. */
static inline bool cg_der_is(const struct cg_der *in, unsigned tag)
{
    return in->at < in->end && *in->at == tag;
}

/* Takes one element with this tag; *content gets what is inside. False, with *in unmoved, when the tag is another
 * one or the length is not strict DER or goes past the end. */
bool cg_der_take(struct cg_der *in, unsigned tag, struct cg_der *content);

/* As cg_der_take, and *whole gets the element with its header. */
bool cg_der_take_whole(struct cg_der *in, unsigned tag, struct cg_der *whole);

/* INTEGER or ENUMERATED content in its shortest form (X.690 8.3.2). */
bool cg_der_integer_is_minimal(const struct cg_der *content);

/* OBJECT IDENTIFIER content: whole arcs, each in its shortest form (X.690 8.19). */
bool cg_der_oid_is_strict(const struct cg_der *content);

/* BOOLEAN DEFAULT FALSE: absent is false; present must be TRUE as 0xff (X.690 11.1 and 11.5). */
bool cg_der_take_default_false(struct cg_der *in, bool *value);

/* UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 allows them: with seconds, without fraction, ending in Z.
 * Seconds since 1970. */
bool cg_der_take_time(struct cg_der *in, int64_t *seconds);

/* The content of a GeneralizedTime of that form. */
bool cg_der_generalized_time(const struct cg_der *content, int64_t *seconds);

bool cg_der_equal(const struct cg_der *a, const struct cg_der *b);

#endif
