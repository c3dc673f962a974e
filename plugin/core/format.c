/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "format.h"

#include "file.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

/* ---- what it is */

typedef bool is_fn(const unsigned char *der, long len);

/* One value, and nothing behind it. */
#define IS(name, type, read, release)                                                                                  \
    static bool name(const unsigned char *der, long len)                                                               \
    {                                                                                                                  \
        const unsigned char *p = der;                                                                                  \
        type *value = read(NULL, &p, len);                                                                             \
        bool whole = value && p == der + len;                                                                          \
        release(value);                                                                                                \
        return whole;                                                                                                  \
    }
IS(is_pkcs12, PKCS12, d2i_PKCS12, PKCS12_free)
IS(is_pkcs7, PKCS7, d2i_PKCS7, PKCS7_free)
IS(is_request, X509_REQ, d2i_X509_REQ, X509_REQ_free)
IS(is_certificate, X509, d2i_X509, X509_free)
IS(is_crl, X509_CRL, d2i_X509_CRL, X509_CRL_free)
IS(is_key, EVP_PKEY, d2i_AutoPrivateKey, EVP_PKEY_free)
IS(is_public_key, EVP_PKEY, d2i_PUBKEY, EVP_PKEY_free)

/* What Windows writes begins with a byte order mark. */
static bool is_utf16(const unsigned char *text, long len)
{
    return len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
}

/* ---- what to do, by what is wanted */

#define NAME_NEW " NEW, and name NEW"

struct advice {
    const char *words, *command, *rest; /* the file stands between command and rest */
};

static const struct format {
    const char *label; /* of PEM; NULL: the form below */
    is_fn *is;         /* NULL: it has a label only */
    const char *name;
    struct advice advice[CG_WANT_COUNT];
} formats[] = {
    {NULL,
     is_utf16,
     "text in UTF-16, as Windows writes it",
     {{"convert it: ", "iconv -f UTF-16 -t UTF-8 ", " >" NAME_NEW},
      {"convert it: ", "iconv -f UTF-16 -t UTF-8 ", " >" NAME_NEW},
      {"convert it: ", "iconv -f UTF-16 -t UTF-8 ", " >" NAME_NEW}}},
    {"TRUSTED CERTIFICATE",
     NULL,
     "a certificate with trust settings of OpenSSL (TRUSTED CERTIFICATE)",
     {{"convert it: ", "openssl x509 -in ", " -out" NAME_NEW}}},
    {"PKCS7", NULL, "a PKCS#7 bundle", {{"convert it: ", "openssl pkcs7 -print_certs -in ", " -out" NAME_NEW}}},
    {"PKCS #7 SIGNED DATA",
     NULL,
     "a PKCS#7 bundle",
     {{"convert it: ", "openssl pkcs7 -print_certs -in ", " -out" NAME_NEW}}},
    {NULL,
     is_pkcs7,
     "a PKCS#7 bundle in DER",
     {{"convert it: ", "openssl pkcs7 -inform DER -print_certs -in ", " -out" NAME_NEW}}},
    {NULL,
     is_pkcs12,
     "a PKCS#12 file",
     {{"convert it: ", "openssl pkcs12 -nokeys -in ", " -out" NAME_NEW},
      {"convert it: ", "openssl pkcs12 -nocerts -nodes -in ", " -out" NAME_NEW}}},
    {"CERTIFICATE REQUEST",
     NULL,
     "a request for a certificate (CSR), which a CA has yet to sign",
     {{"sign it where the CA is: ", "certguard sign ", ""}}},
    {"NEW CERTIFICATE REQUEST",
     NULL,
     "a request for a certificate (CSR), which a CA has yet to sign",
     {{"sign it where the CA is: ", "certguard sign ", ""}}},
    {NULL,
     is_request,
     "a request for a certificate (CSR) in DER, which a CA has yet to sign",
     {{"convert it, and sign NEW where the CA is: ", "openssl req -inform DER -in ", " -out NEW"}}},
    {"CERTIFICATE", is_certificate, "a certificate", {[CG_WANT_KEY] = {"name the file with its key", NULL, NULL}}},
    {NULL,
     is_key,
     "a private key in DER",
     {{"name the file with the certificate", NULL, NULL},
      {"convert it: ", "openssl pkey -inform DER -in ", " -out" NAME_NEW}}},
    {"PUBLIC KEY",
     is_public_key,
     "a public key",
     {{NULL, NULL, NULL}, {"name the file with the private key", NULL, NULL}}},
    {"X509 CRL", is_crl, "a CRL", {[CG_WANT_KEY] = {"name the file with the private key", NULL, NULL}}},
};

static const char *const wanted_words[CG_WANT_COUNT] = {"certificates", "a private key in PEM", "CRLs"};

static bool first_label(const char *text, size_t len, char label[48])
{
    static const char begin[] = "-----BEGIN ", dashes[] = "-----";
    const char *at = memmem(text, len, begin, strlen(begin)), *end = NULL;
    if (at) {
        at += strlen(begin);
        end = memmem(at, len - (size_t)(at - text), dashes, strlen(dashes));
    }
    if (!end || end - at >= 48)
        return false;
    memcpy(label, at, (size_t)(end - at));
    label[end - at] = '\0';
    return true;
}

static const struct format *format_of(const char *label, const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const struct format *f = &formats[i];
        if (label ? f->label && strcmp(f->label, label) == 0 : f->is && len <= LONG_MAX && f->is(data, (long)len))
            return f;
    }
    return NULL;
}

bool cg_format_explain(const char *place, const char *label, const void *data, size_t len, enum cg_format_wanted wanted,
                       struct cg_error *err)
{
    char found[48], file[PATH_MAX];
    if (!label && first_label(data, len, found))
        label = found;
    ERR_set_mark();
    const struct format *format = format_of(label, data, len);
    ERR_pop_to_mark();
    const struct advice *advice = format ? &format->advice[wanted] : NULL;
    if (!advice || !advice->words)
        return false;
    if (advice->command && !cg_file_for_sh(place, file, sizeof file))
        snprintf(file, sizeof file, "FILE");
    cg_error_set(err, "%s: expected %s, found %s; %s%s%s%s", place, wanted_words[wanted], format->name, advice->words,
                 advice->command ? advice->command : "", advice->command ? file : "", advice->rest ? advice->rest : "");
    return true;
}
