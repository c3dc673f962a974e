/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pki_maker.h"

#include "pki_parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ITEMS_MAX 2048

struct item {
    char *name;
    X509 *cert;    /* either this */
    X509_CRL *crl; /* or this is set */
    EVP_PKEY *key; /* NULL for a CRL */
};

struct cg_pki {
    int64_t now;
    uint64_t first_serial; /* of the first item; each further one has the next number */
    size_t count;
    struct item item[ITEMS_MAX];
};

struct cg_pki *cg_pki_new(int64_t now)
{
    struct cg_pki *pki = calloc(1, sizeof *pki);
    if (!pki)
        pki_die(NULL, "no memory", "");
    pki->now = now;
    pki->first_serial = 0x1001;
    return pki;
}

void cg_pki_serials_from(struct cg_pki *pki, uint64_t first)
{
    pki->first_serial = first;
}

size_t cg_pki_mark(const struct cg_pki *pki)
{
    return pki->count;
}

void cg_pki_rewind(struct cg_pki *pki, size_t mark)
{
    while (pki->count > mark) {
        struct item *item = &pki->item[--pki->count];
        free(item->name);
        X509_free(item->cert);
        X509_CRL_free(item->crl);
        EVP_PKEY_free(item->key);
    }
}

void cg_pki_free(struct cg_pki *pki)
{
    if (pki)
        cg_pki_rewind(pki, 0);
    free(pki);
}

/* the newest item of that name */
static const struct item *find(const struct cg_pki *pki, const char *name)
{
    for (size_t i = pki->count; i > 0; i--)
        if (strcmp(pki->item[i - 1].name, name) == 0)
            return &pki->item[i - 1];
    pki_die(NULL, "no such name", name);
}

X509 *cg_pki_cert(const struct cg_pki *pki, const char *name)
{
    const struct item *item = find(pki, name);
    if (!item->cert)
        pki_die(NULL, "not a certificate", name);
    return item->cert;
}

EVP_PKEY *cg_pki_key(const struct cg_pki *pki, const char *name)
{
    const struct item *item = find(pki, name);
    if (!item->key)
        pki_die(NULL, "no key", name);
    return item->key;
}

X509_CRL *cg_pki_crl(const struct cg_pki *pki, const char *name)
{
    const struct item *item = find(pki, name);
    if (!item->crl)
        pki_die(NULL, "not a CRL", name);
    return item->crl;
}

static EVP_PKEY *choose_key(struct recipe *recipe, const struct cg_pki *pki)
{
    const char *text = recipe_get(recipe, "key", "p256");
    EVP_PKEY *key = *text == '@' ? cg_pki_key(pki, text + 1) : cg_pki_cached_key(text, (unsigned)pki->count);
    EVP_PKEY_up_ref(key);
    return key;
}

static void set_names(struct recipe *recipe, X509 *cert, const X509 *issuer)
{
    char text[512];
    snprintf(text, sizeof text, "/CN=%s", recipe_get(recipe, "cn", recipe->name));
    X509_NAME *subject = value_name(recipe, recipe_get(recipe, "subject", text));
    X509_set_subject_name(cert, subject);
    const char *other = recipe_get(recipe, "issuer-name", NULL);
    X509_NAME *named = other ? value_name(recipe, other) : NULL;
    X509_set_issuer_name(cert, named ? named : X509_get_subject_name(issuer));
    X509_NAME_free(named);
    X509_NAME_free(subject);
}

static void set_validity(struct recipe *recipe, X509 *cert, int64_t now, enum pki_start start)
{
    int64_t from, to;
    value_times(recipe, now, start == START_CA ? "-30..3650" : "-1..90", &from, &to);
    ASN1_TIME *first = value_time(from), *last = value_time(to);
    const char *raw = recipe_get(recipe, "raw-not-after", NULL);
    if (raw)
        ASN1_STRING_set(last, raw, -1);
    X509_set1_notBefore(cert, first);
    X509_set1_notAfter(cert, last);
    ASN1_TIME_free(first);
    ASN1_TIME_free(last);
}

static void set_serial(struct recipe *recipe, X509 *cert, uint64_t next)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, next);
    ASN1_INTEGER *serial = value_integer(recipe, recipe_get(recipe, "serial", text));
    X509_set_serialNumber(cert, serial);
    ASN1_INTEGER_free(serial);
}

/* Encodes and parses the certificate, so that it is like one received from a peer. Frees cert. */
static X509 *parse_again(const struct recipe *recipe, X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    const unsigned char *at = der;
    X509 *copy = len > 0 ? d2i_X509(NULL, &at, len) : NULL;
    if (!copy)
        pki_die(recipe, "the encoded certificate cannot be parsed", "");
    OPENSSL_free(der);
    X509_free(cert);
    return copy;
}

static enum pki_start choose_start(struct recipe *recipe)
{
    static const char *const words[START_COUNT] = {"", "server", "ca", "bare"};
    enum pki_start start = START_CLIENT;
    for (int i = 1; i < START_COUNT; i++)
        if (recipe_has(recipe, words[i]))
            start = (enum pki_start)i;
    return start;
}

static X509 *make_certificate(struct recipe *recipe, const struct cg_pki *pki, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    const char *issuer_name = recipe_get(recipe, "issuer", NULL), *signer = recipe_get(recipe, "signer", issuer_name);
    const X509 *issuer = issuer_name ? cg_pki_cert(pki, issuer_name) : cert;
    EVP_PKEY *signing = signer ? cg_pki_key(pki, signer) : key;
    enum pki_start start = choose_start(recipe);
    int version = atoi(recipe_get(recipe, "version", "3"));

    X509_set_version(cert, version - 1);
    X509_set_pubkey(cert, key);
    set_serial(recipe, cert, pki->first_serial + pki->count);
    set_names(recipe, cert, issuer);
    set_validity(recipe, cert, pki->now, start);
    if (version == 3)
        extensions_add(recipe, cert, issuer, start);
    if (!X509_sign(cert, signing, value_digest(recipe, signing)))
        pki_die(recipe, "cannot sign", "");
    if (recipe_has(recipe, "broken-signature")) {
        const ASN1_BIT_STRING *signature;
        X509_get0_signature(&signature, NULL, cert);
        pki_break_signature(signature);
    }
    return parse_again(recipe, cert);
}

static void append(struct cg_pki *pki, struct item made)
{
    if (pki->count == ITEMS_MAX)
        pki_die(NULL, "too many items", made.name);
    pki->item[pki->count++] = made;
}

static void make_line(struct cg_pki *pki, const char *line, size_t len)
{
    struct recipe recipe;
    recipe_parse(&recipe, line, len);
    struct item made = {.name = strdup(recipe.name)};
    if (recipe_has(&recipe, "crl")) {
        made.crl = crl_make(&recipe, pki, pki->now);
    } else {
        made.key = choose_key(&recipe, pki);
        made.cert = make_certificate(&recipe, pki, made.key);
    }
    recipe_finish(&recipe);
    append(pki, made);
}

void cg_pki_add(struct cg_pki *pki, const char *name, X509 *cert, EVP_PKEY *key)
{
    X509_up_ref(cert);
    EVP_PKEY_up_ref(key);
    append(pki, (struct item){.name = strdup(name), .cert = cert, .key = key});
}

void cg_pki_make(struct cg_pki *pki, const char *recipe)
{
    while (*recipe) {
        size_t len = strcspn(recipe, "\n");
        if (strspn(recipe, " \t") < len)
            make_line(pki, recipe, len);
        recipe += len + (recipe[len] == '\n');
    }
}

static char *bio_text(BIO *bio)
{
    char *data, *text;
    long len = BIO_get_mem_data(bio, &data);
    text = strndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

/* Copies the next of the names to name. False at the end. */
static bool next_name(const char **names, char *name, size_t size)
{
    *names += strspn(*names, " ");
    size_t len = strcspn(*names, " ");
    snprintf(name, size, "%.*s", (int)len, *names);
    *names += len;
    return len > 0;
}

char *cg_pki_pem(const struct cg_pki *pki, const char *names)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char name[64];
    while (next_name(&names, name, sizeof name)) {
        const struct item *item = find(pki, name);
        if (item->crl)
            PEM_write_bio_X509_CRL(bio, item->crl);
        else
            PEM_write_bio_X509(bio, item->cert);
    }
    return bio_text(bio);
}

char *cg_pki_key_pem(const struct cg_pki *pki, const char *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, cg_pki_key(pki, name), NULL, NULL, 0, NULL, NULL);
    return bio_text(bio);
}

STACK_OF(X509) *cg_pki_stack(const struct cg_pki *pki, const char *names)
{
    STACK_OF(X509) *stack = NULL;
    char name[64];
    while (next_name(&names, name, sizeof name)) {
        if (!stack)
            stack = sk_X509_new_null();
        X509_up_ref(cg_pki_cert(pki, name));
        sk_X509_push(stack, cg_pki_cert(pki, name));
    }
    return stack;
}

static void write_file(const char *folder, const char *file, char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t len = strlen(text);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) != 0)
        pki_die(NULL, "cannot write", path);
    free(text);
}

void cg_pki_write(const struct cg_pki *pki, const char *folder, const char *file, const char *names)
{
    write_file(folder, file, cg_pki_pem(pki, names));
}

void cg_pki_write_key(const struct cg_pki *pki, const char *folder, const char *file, const char *name)
{
    write_file(folder, file, cg_pki_key_pem(pki, name));
}

void cg_pki_write_folder(const struct cg_pki *pki, const char *folder, const char *anchors, const char *chain,
                         const char *crls)
{
    char leaf[64];
    const char *at = chain;
    next_name(&at, leaf, sizeof leaf);
    cg_pki_write(pki, folder, "ca.pem", anchors);
    cg_pki_write(pki, folder, "chain.pem", chain);
    cg_pki_write_key(pki, folder, "key.pem", leaf);
    if (*crls)
        cg_pki_write(pki, folder, "crl.pem", crls);
}
