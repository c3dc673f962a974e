/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Renewal requests for shell tests, in CG_REQUEST: as devices make them, and as a broker puts them into its spool.
 *
 *   renewal_request raw CERT KEY NEWKEY FILE                      CSR || S
 *   renewal_request spool CERT KEY NEWKEY FOLDER [RECEIVED]       FOLDER/ID.json; prints the ID
 *   renewal_request many CA FOLDER NAME...                        the same for live/NAME in a CA's folder, with new P-256 keys
 *   renewal_request used FOLDER ID...                             FOLDER/ID.done
 *
 * KEY signs the request; another one than that of CERT makes a wrong signature. $CG_REQUEST_PROOF is a key that signs the CSR
 * instead of NEWKEY, $CG_REQUEST_CN a subject for the CSR. */
#include "core/renewal/mailbox.h"
#include "core/renewal/request.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define need(condition) ((condition) ? (void)0 : end(__LINE__, #condition))

static void end(int line, const char *what)
{
    fprintf(stderr, "renewal_request: line %d: %s\n", line, what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static X509 *load_cert(const char *path)
{
    FILE *in = fopen(path, "r");
    X509 *cert = in ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;
    need(cert);
    fclose(in);
    return cert;
}

static EVP_PKEY *load_key(const char *path)
{
    FILE *in = fopen(path, "r");
    EVP_PKEY *key = in ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;
    need(key);
    fclose(in);
    return key;
}

static const EVP_MD *digest_of(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "RSA") ? EVP_sha256() : NULL;
}

static unsigned char *make_csr(EVP_PKEY *key, int *len)
{
    unsigned char *der = NULL;
    const char *cn = getenv("CG_REQUEST_CN"), *other = getenv("CG_REQUEST_PROOF");
    EVP_PKEY *proof = other ? load_key(other) : NULL;
    X509_REQ *csr = X509_REQ_new();
    X509_NAME *name = X509_NAME_new();
    need(csr && name && X509_REQ_set_pubkey(csr, key));
    if (cn)
        need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0));
    need(X509_REQ_set_subject_name(csr, name));
    need(X509_REQ_sign(csr, proof ? proof : key, digest_of(proof ? proof : key)));
    *len = i2d_X509_REQ(csr, &der);
    need(*len > 0);
    X509_NAME_free(name);
    X509_REQ_free(csr);
    EVP_PKEY_free(proof);
    return der;
}

/* CSR || S. */
static unsigned char *make_request(const X509 *cert, EVP_PKEY *old, EVP_PKEY *key, size_t *len)
{
    int csr_len = 0;
    size_t tbs_len = 0, room = 8192;
    unsigned char *csr = make_csr(key, &csr_len), *out = malloc((size_t)csr_len + room);
    const struct cg_der span = {csr, csr + csr_len};
    unsigned char *tbs = cg_renewal_tbs(cert, &span, &tbs_len);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    need(out && tbs && context && EVP_DigestSignInit(context, NULL, digest_of(old), NULL, old));
    memcpy(out, csr, (size_t)csr_len);
    need(EVP_DigestSign(context, out + csr_len, &room, tbs, tbs_len));
    *len = (size_t)csr_len + room;
    EVP_MD_CTX_free(context);
    OPENSSL_free(tbs);
    OPENSSL_free(csr);
    return out;
}

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *out = fopen(path, "w");
    need(out && fwrite(data, 1, len, out) == len && fclose(out) == 0);
}

static void write_json(const char *folder, const char *id, const char *suffix, cJSON *json)
{
    char path[4096];
    char *text = cJSON_PrintUnformatted(json);
    need(text);
    snprintf(path, sizeof path, "%s/%s%s", folder, id, suffix);
    write_file(path, text, strlen(text));
    cJSON_free(text);
    cJSON_Delete(json);
}

static void put_request(X509 *cert, unsigned char *data, size_t len, const char *folder, long long received)
{
    struct cg_mail_request mail = {.received = received, .certificate = cert, .data = data, .len = len};
    struct cg_refusal refusal = {.detail = ""};
    if (!cg_renewal_parse(data, len, &mail.request, &refusal))
        end(__LINE__, refusal.detail);
    need(cg_renewal_id(cert, &mail.request, mail.id));
    write_json(folder, mail.id, ".json", cg_mail_request_json(&mail));
    puts(mail.id);
}

static void one(const char *mode, char **argv, int count)
{
    size_t len = 0;
    X509 *cert = load_cert(argv[0]);
    EVP_PKEY *old = load_key(argv[1]), *key = load_key(argv[2]);
    unsigned char *data = make_request(cert, old, key, &len);
    if (strcmp(mode, "raw") == 0)
        write_file(argv[3], data, len);
    else
        put_request(cert, data, len, argv[3], count > 4 ? strtoll(argv[4], NULL, 10) : (long long)time(NULL));
    free(data);
    EVP_PKEY_free(old);
    EVP_PKEY_free(key);
    X509_free(cert);
}

static void many(const char *ca, const char *folder, char **names, int count)
{
    char path[4096];
    for (int i = 0; i < count; i++) {
        size_t len = 0;
        snprintf(path, sizeof path, "%s/live/%s/cert.pem", ca, names[i]);
        X509 *cert = load_cert(path);
        snprintf(path, sizeof path, "%s/live/%s/privkey.pem", ca, names[i]);
        EVP_PKEY *old = load_key(path), *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        unsigned char *data = make_request(cert, old, key, &len);
        put_request(cert, data, len, folder, (long long)time(NULL));
        free(data);
        EVP_PKEY_free(old);
        EVP_PKEY_free(key);
        X509_free(cert);
    }
}

int main(int argc, char **argv)
{
    if (argc >= 6 && (strcmp(argv[1], "raw") == 0 || strcmp(argv[1], "spool") == 0)) {
        one(argv[1], argv + 2, argc - 2);
    } else if (argc >= 4 && strcmp(argv[1], "many") == 0) {
        many(argv[2], argv[3], argv + 4, argc - 4);
    } else if (argc >= 3 && strcmp(argv[1], "used") == 0) {
        for (int i = 3; i < argc; i++)
            write_json(argv[2], argv[i], ".done", cg_mail_done_json(argv[i], (int64_t)time(NULL)));
    } else {
        fprintf(stderr, "renewal_request: see the head of the source\n");
        return 64;
    }
    return 0;
}
