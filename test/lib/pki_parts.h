/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Shared by the parts of the generator (pki_maker.h): the words of a recipe line and the functions that read values.
 * Called by pki_*.c; pki_die also by the rest of test/lib. Every error aborts, so that no test runs with a wrong recipe. */
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
        bool used; /* a word that no function has read is an error */
    } word[WORDS_MAX];
};

/* Prints the message, the value and OpenSSL's errors, and aborts. recipe: names the line, or NULL. */
_Noreturn void pki_die(const struct recipe *recipe, const char *what, const char *value);

void recipe_parse(struct recipe *recipe, const char *line, size_t len);
void recipe_finish(struct recipe *recipe); /* checks that every word was used, and frees */
bool recipe_has(struct recipe *recipe, const char *key);
const char *recipe_get(struct recipe *recipe, const char *key, const char *otherwise); /* the last one */
const char *recipe_next(struct recipe *recipe, const char *key, size_t *at); /* for repeated words; NULL at the end */

/* Sets *critical and returns the value without its prefix "critical,". */
const char *value_critical(const char *value, bool *critical);
unsigned char *value_bytes(const struct recipe *recipe, const char *text, size_t len, size_t *out_len); /* \xNN */
X509_NAME *value_name(const struct recipe *recipe, const char *text);                                   /* /O=a/CN=b */
void value_times(struct recipe *recipe, int64_t now, const char *days, int64_t *from, int64_t *to);
ASN1_TIME *value_time(int64_t seconds);
ASN1_INTEGER *value_integer(const struct recipe *recipe, const char *text);
const EVP_MD *value_digest(struct recipe *recipe, EVP_PKEY *key);

void pki_break_signature(const ASN1_BIT_STRING *signature); /* flips its last bit */

enum pki_start { START_CLIENT = 0, START_SERVER, START_CA, START_BARE, START_COUNT };

void extensions_add(struct recipe *recipe, X509 *cert, const X509 *issuer, enum pki_start start);
X509_EXTENSION *extension_raw(const struct recipe *recipe, const char *value);           /* [critical,]OID=HEX */
X509_EXTENSION *extension_conf(const struct recipe *recipe, int nid, const char *value); /* OpenSSL's text */
X509_EXTENSION *extension_aki(struct recipe *recipe, const X509 *issuer, const X509 *self);

struct cg_pki;
X509_CRL *crl_make(struct recipe *recipe, const struct cg_pki *pki, int64_t now);

#endif
