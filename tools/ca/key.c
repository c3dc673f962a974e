/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "key.h"
#include "base/array.h"
#include "base/failure.h"
#include "base/secrets.h"
#include "core/file/file.h"
#include "key_engine.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_LIMIT ((size_t)64 << 10)

/* N=2^14, r=8, p=1: 16 MiB, the most that readers with OpenSSL's default limit of 32 MiB accept */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 1

#define ML_DSA_WARNING "only peers with OpenSSL 3.5 or later support ML-DSA certificates"

static const struct key_type {
    const char *word;
    const char *algorithm;
    const char *group; /* of EC */
    size_t bits;       /* of RSA */
    const char *warning;
} key_types[] = {
    {"p256", "EC", "P-256", 0, NULL},
    {"p384", "EC", "P-384", 0, NULL},
    {"rsa2048", "RSA", NULL, 2048,
     "RSA 2048 is considered secure until 2030 only (NIST SP 800-57); use it for devices that support no other key"},
    {"rsa3072", "RSA", NULL, 3072, NULL},
    {"rsa4096", "RSA", NULL, 4096, NULL},
    {"ed25519", "ED25519", NULL, 0, "mbedTLS has no Ed25519 certificates: ESP32-class devices cannot connect"},
    {"ml-dsa-44", "ML-DSA-44", NULL, 0, ML_DSA_WARNING},
    {"ml-dsa-65", "ML-DSA-65", NULL, 0, ML_DSA_WARNING},
    {"ml-dsa-87", "ML-DSA-87", NULL, 0, ML_DSA_WARNING},
};

bool cg_key_type_known(const char *word)
{
    for (size_t i = 0; i < CG_COUNT(key_types); i++)
        if (strcmp(key_types[i].word, word) == 0)
            return true;
    return false;
}

static const struct key_type *find_type(const char *word)
{
    for (size_t i = 0; word && i < CG_COUNT(key_types); i++)
        if (strcmp(key_types[i].word, word) == 0)
            return &key_types[i];
    return &key_types[0];
}

void cg_key_text(const EVP_PKEY *key, char *out, size_t size)
{
    char group[64] = "";
    if (!key) {
        snprintf(out, size, "unknown type");
        return;
    }
    EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
    snprintf(out, size, "%s, %d bits%s%s", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key), group[0] ? ", " : "",
             group);
}

const char *cg_key_type_warning(const char *word)
{
    return find_type(word)->warning;
}

EVP_PKEY *cg_key_generate(const char *word, struct cg_error *err)
{
    const struct key_type *type = find_type(word);
    EVP_PKEY *key = type->group  ? EVP_PKEY_Q_keygen(NULL, NULL, type->algorithm, type->group)
                    : type->bits ? EVP_PKEY_Q_keygen(NULL, NULL, type->algorithm, type->bits)
                                 : EVP_PKEY_Q_keygen(NULL, NULL, type->algorithm);
    if (!key) {
        ERR_clear_error();
        cg_error_set(
            err,
            "%s cannot make %s keys (ML-DSA requires OpenSSL 3.5 or later). Choose another --key-type; p256 works "
            "everywhere",
            OpenSSL_version(OPENSSL_VERSION), type->word);
    }
    return key;
}

EVP_PKEY *cg_key_generate_like(const EVP_PKEY *like, struct cg_error *err)
{
    for (size_t i = 0; i < CG_COUNT(key_types); i++) {
        const struct key_type *type = &key_types[i];
        bool fits = EVP_PKEY_is_a(like, type->algorithm);
        if (fits && type->group)
            fits = EVP_PKEY_get_bits(like) <= (strcmp(type->group, "P-256") == 0 ? 256 : 384);
        if (fits && type->bits)
            fits = (size_t)EVP_PKEY_get_bits(like) <= type->bits;
        if (fits)
            return cg_key_generate(type->word, err);
    }
    cg_error_set(err, "cannot make a new key of the same type as the old one. Issue a new certificate with --key-type");
    return NULL;
}

const EVP_MD *cg_key_digest(const EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
        return EVP_sha256();
    if (EVP_PKEY_is_a(key, "EC"))
        return EVP_PKEY_get_bits(key) > 384 ? EVP_sha512() : EVP_PKEY_get_bits(key) > 256 ? EVP_sha384() : EVP_sha256();
    return NULL;
}

static X509_SIG *encrypt_key(PKCS8_PRIV_KEY_INFO *plain, const char *passphrase)
{
    X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 16, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
    X509_SIG *encrypted = pbe ? PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, pbe) : NULL;
    if (!encrypted)
        X509_ALGOR_free(pbe);
    return encrypted;
}

bool cg_key_is_strong(const EVP_PKEY *key)
{
    return EVP_PKEY_get_security_bits(key) >= 112;
}

bool cg_key_pem(EVP_PKEY *key, const char *passphrase, char **pem, size_t *len, struct cg_error *err)
{
    *pem = NULL;
    *len = 0;
    BIO *bio = BIO_new(BIO_s_secmem());
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    X509_SIG *encrypted = plain && passphrase ? encrypt_key(plain, passphrase) : NULL;
    bool ok = bio && plain &&
              (passphrase ? encrypted && PEM_write_bio_PKCS8(bio, encrypted)
                          : PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain));
    char *data = NULL;
    long n = ok ? BIO_get_mem_data(bio, &data) : 0;
    if (n > 0 && (*pem = OPENSSL_malloc((size_t)n)))
        memcpy(*pem, data, *len = (size_t)n);
    if (!*pem)
        cg_fail_openssl(err, "write", "the private key");
    X509_SIG_free(encrypted);
    PKCS8_PRIV_KEY_INFO_free(plain);
    BIO_free(bio);
    return *pem != NULL;
}

bool cg_key_put(struct cg_change *change, const char *target, EVP_PKEY *key, const char *passphrase,
                struct cg_error *err)
{
    char *pem = NULL;
    size_t len = 0;
    bool ok = cg_key_pem(key, passphrase, &pem, &len, err) && cg_change_put(change, target, pem, len, 0600, err);
    OPENSSL_clear_free(pem, len);
    return ok;
}

/* OpenSSL calls back only if the key is encrypted. */
struct passphrase_call {
    const struct cg_passphrase_source *source;
    struct cg_error *err;
    bool failed; /* err has the reason */
};

static int get_passphrase(char *out, int size, int writing, void *context)
{
    (void)writing;
    struct passphrase_call *call = context;
    const struct cg_passphrase_source *source = call->source;
    const char *answer = source->get ? source->get(source->context, call->err) : NULL;
    if (!source->get)
        cg_error_set(call->err, "the key is encrypted, and no passphrase was given");
    call->failed = !answer;
    return answer && (int)strlen(answer) < size ? snprintf(out, (size_t)size, "%s", answer) : -1;
}

enum cg_key_kind cg_key_kind_of(const void *pem, size_t size)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)size);
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    enum cg_key_kind kind = CG_KEY_NONE;
    while (bio && kind == CG_KEY_NONE && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
        const unsigned char *at = data;
        const bool is_pkcs8 = strcmp(name, "ENCRYPTED PRIVATE KEY") == 0;
        X509_SIG *encrypted = is_pkcs8 ? d2i_X509_SIG(NULL, &at, len) : NULL;
        if (encrypted || (strstr(name, "PRIVATE KEY") && strstr(header, "ENCRYPTED")))
            kind = CG_KEY_ENCRYPTED;
        else if (strstr(name, "PRIVATE KEY") && !is_pkcs8)
            kind = CG_KEY_PLAIN;
        X509_SIG_free(encrypted);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)len);
    }
    BIO_free(bio);
    ERR_clear_error();
    return kind;
}

/* The user may not know which file a setting names. */
static void fail_passphrase(const struct cg_passphrase_source *source, const char *path, struct cg_error *err)
{
    const char *file = source->setting ? source->setting() : NULL;
    cg_error_set(err, "cannot read the private key %s: the passphrase is wrong, or the file is damaged%s%s%s", path,
                 file ? ". The passphrase is from " : "", file ? file : "",
                 file ? " (setting passphrase_file). For another one: --passphrase-file FILE" : "");
}

static EVP_PKEY *from_pem(const struct cg_passphrase_source *source, const char *path, enum cg_file_kind kind,
                          struct cg_error *err)
{
    struct cg_bytes bytes;
    struct passphrase_call call = {source, err, false};
    if (!cg_file_read(path, kind, KEY_LIMIT, &bytes, err))
        return NULL;
    BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, get_passphrase, &call) : NULL;
    if (!key && !call.failed && cg_key_kind_of(bytes.data, bytes.len) != CG_KEY_NONE)
        fail_passphrase(source, path, err);
    else if (!key && !call.failed)
        cg_error_set(err,
                     "cannot read the private key %s: the file contains no complete private key. Restore it from a "
                     "backup",
                     path);
    ERR_clear_error();
    BIO_free(bio);
    cg_bytes_wipe(&bytes);
    return key;
}

EVP_PKEY *cg_key_load_plain(const char *path, struct cg_error *err)
{
    const struct cg_passphrase_source none = {0};
    return from_pem(&none, path, CG_FILE_PRIVATE_KEY, err);
}

EVP_PKEY *cg_key_load_sealed(const struct cg_passphrase_source *source, const char *path, struct cg_error *err)
{
    return from_pem(source, path, CG_FILE_PUBLIC, err);
}

EVP_PKEY *cg_key_by_uri(const struct cg_passphrase_source *source, const char *uri, struct cg_error *err)
{
    if (strstr(uri, "pin-value=")) {
        cg_error_set(err, "every user of this machine can see a PIN in the URI, and it is stored in a file. Remove "
                          "pin-value, and use --passphrase-file, --passphrase-fd or the terminal");
        return NULL;
    }
    struct passphrase_call call = {source, err, false};
    EVP_PKEY *key = NULL;
    UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(get_passphrase, 0);
    OSSL_STORE_CTX *store = ui ? OSSL_STORE_open(uri, ui, &call, NULL, NULL) : NULL;
    while (store && !key && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
        if (!info && OSSL_STORE_error(store))
            break;
    }
    ERR_clear_error();
    if (!key && !call.failed && strncmp(uri, "pkcs11:", 7) == 0) {
        struct cg_error fault = {""};
        key = cg_key_by_engine(uri, ui, &call, &fault);
        if (!key && !call.failed)
            cg_error_set(err, "%s", fault.text);
    } else if (!key && !call.failed) {
        cg_error_set(err, "cannot find a private key at %s. Check the URI and the passphrase", uri);
    }
    OSSL_STORE_close(store);
    UI_destroy_method(ui);
    ERR_clear_error();
    return key;
}

static EVP_PKEY *from_uri_file(const struct cg_passphrase_source *source, const char *path, struct cg_error *err)
{
    struct cg_bytes bytes;
    if (!cg_file_read(path, CG_FILE_PUBLIC, KEY_LIMIT, &bytes, err))
        return NULL;
    char *uri = (char *)bytes.data;
    uri[strcspn(uri, "\r\n")] = '\0';
    EVP_PKEY *key = cg_key_by_uri(source, uri, err);
    cg_bytes_free(&bytes);
    return key;
}

EVP_PKEY *cg_key_of_ca(const struct cg_ca *ca, const char *folder, const X509 *cert, struct cg_error *err)
{
    char path[PATH_MAX], relative[32];
    const struct cg_passphrase_source *source = &ca->options.passphrase;
    cg_secrets_lock();
    snprintf(relative, sizeof relative, "%s/key.uri", folder);
    bool by_uri = cg_ca_has(ca, relative);
    if (!by_uri)
        snprintf(relative, sizeof relative, "%s/key.pem", folder);
    cg_ca_path(ca, path, "%s", relative);
    if (!cg_ca_has(ca, relative)) {
        cg_error_set(err,
                     "cannot sign: the key %s is missing. Restore it from a backup of the folder, or from its offline "
                     "medium",
                     path);
        return NULL;
    }
    EVP_PKEY *key = by_uri ? from_uri_file(source, path, err) : from_pem(source, path, CG_FILE_PRIVATE_KEY, err);
    if (key && X509_check_private_key(cert, key) != 1) {
        ERR_clear_error();
        cg_error_set(err, "%s is not the key of %s/%s/cert.pem. Restore the right key from a backup", path, ca->dir,
                     folder);
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}
