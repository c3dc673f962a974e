/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "marker.h"

#include "core/cert/der.h"

#include <string.h>

/* A certificate without names, key or signature; its algorithm is 2.999, the arc for examples. */
#define NO_ALGORITHM 0x30, 0x04, 0x06, 0x02, 0x88, 0x37
#define NO_NAME      0x30, 0x00
#define NO_BITS      0x03, 0x01, 0x00
#define A_DAY        0x17, 0x0d, '7', '0', '0', '1', '0', '1', '0', '0', '0', '0', '0', '0', 'Z'
static const unsigned char mark[] = {
    0x30,         0x43,                                  /* Certificate */
    0x30,         0x38,                                  /* TBSCertificate, version 1 */
    0x02,         0x01,    0x01,  NO_ALGORITHM, NO_NAME, /* serialNumber, signature, issuer */
    0x30,         0x1e,    A_DAY, A_DAY,        NO_NAME, 0x30, 0x09, NO_ALGORITHM, NO_BITS, /* validity, subject, key */
    NO_ALGORITHM, NO_BITS,                                                                  /* signature */
};

static bool marks_proven; /* zero-initialized: marks prove nothing */

#define PEER_TAG    0xa3 /* of SSL_SESSION's peer [3] */
#define HEADER_MAX  6
#define SESSION_MAX 65536

static size_t put_header(unsigned char *out, unsigned tag, size_t len)
{
    *out++ = (unsigned char)tag;
    if (len < 0x80) {
        *out = (unsigned char)len;
        return 2;
    }
    unsigned octets = len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;
    *out++ = (unsigned char)(0x80 | octets);
    for (unsigned i = 0; i < octets; i++)
        out[i] = (unsigned char)(len >> 8 * (octets - 1 - i));
    return 2 + octets;
}

/* Splits the content of a session at its peer, which is in neither part. */
static bool split(const unsigned char *der, size_t len, struct cg_der *before, struct cg_der *after)
{
    struct cg_der in = {der, der + len}, peer, skipped;
    if (!cg_der_take(&in, CG_DER_SEQUENCE, before) || cg_der_left(&in) != 0)
        return false;
    in = *before;
    while (cg_der_left(&in) > 0 && *in.at < PEER_TAG)
        if (!cg_der_take(&in, *in.at, &skipped))
            return false;
    before->end = in.at;
    (void)cg_der_take(&in, PEER_TAG, &peer);
    *after = in;
    return true;
}

/* The session with the mark as its peer; free it with OPENSSL_free. NULL: out of memory, or unknown encoding. */
static unsigned char *with_mark(const unsigned char *der, size_t len, size_t *marked_len)
{
    struct cg_der before, after;
    unsigned char header[HEADER_MAX], peer[HEADER_MAX];
    if (!split(der, len, &before, &after))
        return NULL;
    size_t npeer = put_header(peer, PEER_TAG, sizeof mark);
    size_t inside = cg_der_left(&before) + npeer + sizeof mark + cg_der_left(&after);
    size_t nheader = put_header(header, CG_DER_SEQUENCE, inside);
    unsigned char *marked = OPENSSL_malloc(nheader + inside), *at = marked;
    if (!marked)
        return NULL;
    const struct {
        const unsigned char *bytes;
        size_t len;
    } parts[] = {{header, nheader},
                 {before.at, cg_der_left(&before)},
                 {peer, npeer},
                 {mark, sizeof mark},
                 {after.at, cg_der_left(&after)}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        memcpy(at, parts[i].bytes, parts[i].len);
        at += parts[i].len;
    }
    *marked_len = nheader + inside;
    return marked;
}

static bool read_back(SSL *ssl, const unsigned char *der, size_t len)
{
    SSL_SESSION *session = SSL_get_session(ssl), *same = session;
    return session && d2i_SSL_SESSION(&same, &der, (long)len) == session;
}

void cg_mark_begin(SSL *ssl, struct cg_marking *marking)
{
    unsigned char *marked = NULL;
    size_t len = 0;
    memset(marking, 0, sizeof *marking);
    int size = i2d_SSL_SESSION(SSL_get_session(ssl), &marking->before);
    if (size <= 0 || size > SESSION_MAX)
        return;
    marking->ssl = ssl;
    marking->len = (size_t)size;
    marked = with_mark(marking->before, marking->len, &len);
    if (marked && read_back(ssl, marked, len))
        marking->mark = SSL_get0_peer_certificate(ssl);
    OPENSSL_free(marked);
}

bool cg_mark_end(struct cg_marking *marking)
{
    bool clean = !marking->ssl || read_back(marking->ssl, marking->before, marking->len);
    OPENSSL_free(marking->before);
    marking->before = NULL;
    return clean;
}

bool cg_mark_works(SSL *ssl)
{
    X509 *before = SSL_get1_peer_certificate(ssl);
    struct cg_marking marking;
    cg_mark_begin(ssl, &marking);
    unsigned char *der = NULL;
    int len = marking.mark ? i2d_X509(marking.mark, &der) : 0;
    bool works = len == sizeof mark && memcmp(der, mark, sizeof mark) == 0;
    works = cg_mark_end(&marking) && works;
    const X509 *after = SSL_get0_peer_certificate(ssl);
    works = works && (before ? after && X509_cmp(before, after) == 0 : !after);
    OPENSSL_free(der);
    X509_free(before);
    return works;
}

void cg_marks_set_proven(bool proven)
{
    marks_proven = proven;
}

bool cg_marks_are_proven(void)
{
    return marks_proven;
}
