/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "format.h"

#include "core/file/file.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

/* ---- the format of the data */

typedef bool is_fn(const unsigned char *data, long len);

/* Exactly one value, without trailing bytes. */
static bool is_item(const unsigned char *der, long len, ASN1_ITEM_EXP *item)
{
    const unsigned char *p = der;
    ASN1_VALUE *value = ASN1_item_d2i(NULL, &p, len, ASN1_ITEM_ptr(item));
    bool whole = value && p == der + len;
    ASN1_item_free(value, ASN1_ITEM_ptr(item));
    return whole;
}

static bool is_key(const unsigned char *der, long len)
{
    const unsigned char *p = der;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, len);
    bool whole = key && p == der + len;
    EVP_PKEY_free(key);
    return whole;
}

/* Windows writes a byte order mark first. */
static bool is_utf16(const unsigned char *text, long len)
{
    return len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
}

/* ---- the advice, by what was expected */

struct advice {
    const char *words, *command, *rest; /* the file name is between command and rest */
};
#define CONVERT(command)                                                                                               \
    {                                                                                                                  \
        "Convert it (", command, " -out NEW) and name NEW"                                                             \
    }
#define FROM_UTF16                                                                                                     \
    {                                                                                                                  \
        "Convert it (", "iconv -f UTF-16 -t UTF-8 ", " > NEW) and name NEW"                                            \
    }
#define SIGN                                                                                                           \
    {                                                                                                                  \
        "Sign it on the CA's machine: ", "certguard sign ", ""                                                         \
    }
#define NAME_OTHER(words)                                                                                              \
    {                                                                                                                  \
        words, NULL, NULL                                                                                              \
    }
#define ITS_KEY NAME_OTHER("Name the file with its key")

static const struct format {
    const char *label;   /* the PEM label */
    ASN1_ITEM_EXP *item; /* the DER type */
    is_fn *is;           /* a test for other formats */
    const char *name;
    struct advice advice[CG_WANT_COUNT];
} formats[] = {
    {.is = is_utf16, .name = "text in UTF-16, as Windows writes it", .advice = {FROM_UTF16, FROM_UTF16, FROM_UTF16}},
    {.label = "TRUSTED CERTIFICATE",
     .name = "a certificate with trust settings of OpenSSL (TRUSTED CERTIFICATE)",
     .advice = {CONVERT("openssl x509 -in "), ITS_KEY}},
    {.label = "PKCS7", .name = "a PKCS#7 bundle", .advice = {CONVERT("openssl pkcs7 -print_certs -in "), ITS_KEY}},
    {.label = "PKCS #7 SIGNED DATA",
     .name = "a PKCS#7 bundle",
     .advice = {CONVERT("openssl pkcs7 -print_certs -in "), ITS_KEY}},
    {.item = ASN1_ITEM_ref(PKCS7),
     .name = "a PKCS#7 bundle in DER",
     .advice = {CONVERT("openssl pkcs7 -inform DER -print_certs -in "), ITS_KEY}},
    {.item = ASN1_ITEM_ref(PKCS12),
     .name = "a PKCS#12 file",
     .advice = {CONVERT("openssl pkcs12 -nokeys -in "), CONVERT("openssl pkcs12 -nocerts -nodes -in ")}},
    {.label = "CERTIFICATE REQUEST",
     .name = "a request for a certificate (CSR), not signed by a CA",
     .advice = {SIGN, ITS_KEY}},
    {.label = "NEW CERTIFICATE REQUEST",
     .name = "a request for a certificate (CSR), not signed by a CA",
     .advice = {SIGN, ITS_KEY}},
    {.item = ASN1_ITEM_ref(X509_REQ),
     .name = "a request for a certificate (CSR) in DER, not signed by a CA",
     .advice = {{"Convert it (", "openssl req -inform DER -in ", " -out NEW) and sign NEW on the CA's machine"},
                ITS_KEY}},
    {.label = "CERTIFICATE", .item = ASN1_ITEM_ref(X509), .name = "a certificate", .advice = {[CG_WANT_KEY] = ITS_KEY}},
    {.is = is_key,
     .name = "a private key in DER",
     .advice = {NAME_OTHER("Name the file with the certificate"), CONVERT("openssl pkey -inform DER -in ")}},
    {.item = ASN1_ITEM_ref(X509_SIG),
     .name = "a private key in DER with a passphrase",
     .advice = {NAME_OTHER("Name the file with the certificate"), CONVERT("openssl pkey -inform DER -in ")}},
    {.label = "PUBLIC KEY",
     .item = ASN1_ITEM_ref(X509_PUBKEY),
     .name = "a public key",
     .advice = {[CG_WANT_KEY] = NAME_OTHER("Name the file with the private key")}},
    {.label = "X509 CRL",
     .item = ASN1_ITEM_ref(X509_CRL),
     .name = "a CRL",
     .advice = {[CG_WANT_KEY] = NAME_OTHER("Name the file with the private key")}},
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

static bool has_form(const struct format *f, const unsigned char *data, size_t len)
{
    return len <= LONG_MAX && ((f->item && is_item(data, (long)len, f->item)) || (f->is && f->is(data, (long)len)));
}

static const struct format *format_of(const char *label, const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const struct format *f = &formats[i];
        if (label ? f->label && strcmp(f->label, label) == 0 : has_form(f, data, len))
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
    if (advice->command && !cg_file_shell_word(place, file, sizeof file))
        snprintf(file, sizeof file, "FILE");
    cg_error_set(err, "%s: expected %s, found %s. %s%s%s%s", place, wanted_words[wanted], format->name, advice->words,
                 advice->command ? advice->command : "", advice->command ? file : "", advice->rest ? advice->rest : "");
    return true;
}
