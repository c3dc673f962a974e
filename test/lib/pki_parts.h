/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the parts of the maker share: the words of one recipe line and the helpers that read values.
 * Called by pki_*.c only. Every fault ends the program: a test with a wrong recipe must not go on. */
#ifndef CG_TEST_PKI_PARTS_H
#define CG_TEST_PKI_PARTS_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX 48

struct recipe {
    char *text; /* owned; the words point into it */
    const char *name;
    size_t count;
    struct word {
        const char *key, *value;
        bool used; /* a word that nobody asked for is a mistake in the recipe */
    } word[WORDS_MAX];
};

_Noreturn void pki_die(const struct recipe *recipe, const char *what, const char *value);

void recipe_parse(struct recipe *recipe, const char *line, size_t len);
void recipe_finish(struct recipe *recipe); /* dies on a word that was not used; frees */
bool recipe_has(struct recipe *recipe, const char *key);
const char *recipe_get(struct recipe *recipe, const char *key, const char *otherwise);
const char *recipe_next(struct recipe *recipe, const char *key, size_t *at); /* repeated words; NULL at the end */

/* *critical and the rest of a value that may start with "critical," */
const char *value_critical(const char *value, bool *critical);
unsigned char *value_bytes(const struct recipe *recipe, const char *text, size_t len, size_t *out_len); /* \xNN */
X509_NAME *value_name(const struct recipe *recipe, const char *text);                                   /* /O=a/CN=b */
void value_times(struct recipe *recipe, int64_t now, const char *days, int64_t *from, int64_t *to);
ASN1_TIME *value_time(int64_t seconds);
ASN1_INTEGER *value_integer(const struct recipe *recipe, const char *text);
const EVP_MD *value_digest(struct recipe *recipe, EVP_PKEY *key);

void pki_break_signature(const ASN1_BIT_STRING *signature); /* of an object of ours, in its last octet */

enum pki_start { START_CLIENT = 0, START_SERVER, START_CA, START_BARE, START_COUNT };

void extensions_add(struct recipe *recipe, X509 *cert, const X509 *issuer, enum pki_start start);
X509_EXTENSION *extension_raw(const struct recipe *recipe, const char *value);           /* [critical,]OID=HEX */
X509_EXTENSION *extension_conf(const struct recipe *recipe, int nid, const char *value); /* OpenSSL's text */
X509_EXTENSION *extension_aki(struct recipe *recipe, const X509 *issuer, const X509 *self);

struct cg_pki;
X509_CRL *crl_make(struct recipe *recipe, const struct cg_pki *pki, int64_t now);

#endif
