/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA of the renewal tests. It answers each request in SPOOL/requests without a check, in the files that certguard writes:
 *   renewal_answer SPOOL CA-NAME [chain CA-NAME...] [days N] [cn NAME] [key] [refuse CODE] [only ID]
 * CA-NAME: CA-NAME.pem and CA-NAME.key in this folder. key: another key than that of the request. */
#include "core/renewal/mailbox.h"
#include "core/renewal/question.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct order {
    const char *spool, *ca, *chain[CG_RENEW_CHAIN_MAX], *cn, *refuse, *only;
    int nchain, days;
    bool key;
};

static void stop(const char *what)
{
    fprintf(stderr, "renewal_answer: %s\n", what);
    exit(EXIT_FAILURE);
}

static FILE *open_pem(const char *name, const char *suffix)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", name, suffix);
    FILE *in = fopen(path, "re");
    if (!in)
        stop(path);
    return in;
}

static X509 *read_cert(const char *name)
{
    FILE *in = open_pem(name, ".pem");
    X509 *cert = PEM_read_X509(in, NULL, NULL, NULL);
    fclose(in);
    return cert;
}

static EVP_PKEY *read_key(const char *name)
{
    FILE *in = open_pem(name, ".key");
    EVP_PKEY *key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    fclose(in);
    return key;
}

static void set_serial(X509 *cert)
{
    unsigned char bytes[16];
    BIGNUM *number = RAND_bytes(bytes, sizeof bytes) == 1 ? BN_bin2bn(bytes, sizeof bytes, NULL) : NULL;
    if (!number || !BN_clear_bit(number, 127) || !BN_set_bit(number, 120) ||
        !BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)))
        stop("serial number");
    BN_free(number);
}

static EVP_PKEY *key_of(const struct cg_mail_request *request, const struct order *order)
{
    const unsigned char *at = request->request.spki.at;
    return order->key ? EVP_EC_gen("P-256") : d2i_PUBKEY(NULL, &at, request->request.spki.end - at);
}

static void replace_extension(X509 *cert, X509 *ca, int nid, const char *value)
{
    X509V3_CTX context;
    int at = X509_get_ext_by_NID(cert, nid, -1);
    X509_EXTENSION_free(at >= 0 ? X509_delete_ext(cert, at) : NULL);
    X509V3_set_ctx(&context, ca, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (!extension || !X509_add_ext(cert, extension, -1))
        stop("extension");
    X509_EXTENSION_free(extension);
}

/* The same certificate with the new key. */
static X509 *issue(const struct cg_mail_request *request, const struct order *order)
{
    X509 *cert = X509_dup(request->certificate), *ca = read_cert(order->ca);
    EVP_PKEY *key = read_key(order->ca), *new = key_of(request, order);
    if (!cert || !ca || !key || !new || !X509_set_pubkey(cert, new))
        stop("certificate");
    set_serial(cert);
    X509_set_issuer_name(cert, X509_get_subject_name(ca));
    if (order->cn)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8, (const unsigned char *)order->cn,
                                   -1, -1, 0);
    replace_extension(cert, ca, NID_subject_key_identifier, "hash");
    replace_extension(cert, ca, NID_authority_key_identifier, "keyid:always");
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * order->days);
    if (!X509_sign(cert, key, EVP_sha256()))
        stop("signature");
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(new);
    return cert;
}

static void write_answer(const struct order *order, const char *id, cJSON *json)
{
    char path[512], temporary[512];
    char *text = cJSON_PrintUnformatted(json);
    snprintf(path, sizeof path, "%s/answers/%s.json", order->spool, id);
    snprintf(temporary, sizeof temporary, "%s/answers/.%s.json", order->spool, id);
    FILE *out = fopen(temporary, "we");
    if (!text || !out || fprintf(out, "%s\n", text) < 0 || fclose(out) != 0 || rename(temporary, path) != 0)
        stop(path);
    cJSON_free(text);
    cJSON_Delete(json);
}

static void answer(const struct order *order, const struct cg_mail_request *request)
{
    struct cg_mail_answer answer = {.refused = CG_REASON_OK};
    snprintf(answer.id, sizeof answer.id, "%s", request->id);
    if (order->refuse) {
        answer.refused = cg_reason_from_code(order->refuse);
        snprintf(answer.detail, sizeof answer.detail, "refused by the test");
    } else {
        answer.certificate = issue(request, order);
        answer.chain = sk_X509_new_null();
        for (int i = 0; i < order->nchain; i++)
            sk_X509_push(answer.chain, read_cert(order->chain[i]));
    }
    write_answer(order, request->id, cg_mail_answer_json(&answer));
    cg_mail_answer_clear(&answer);
    printf("%s\n", request->id);
}

static void read_request(const struct order *order, const char *name)
{
    char path[512], text[CG_MAILBOX_FILE_MAX];
    struct cg_mail_request request;
    struct cg_error err = {""};
    snprintf(path, sizeof path, "%s/requests/%s", order->spool, name);
    FILE *in = fopen(path, "re");
    if (!in)
        stop(path);
    size_t len = fread(text, 1, sizeof text, in);
    fclose(in);
    if (!cg_mail_request_read(text, len, &request, &err))
        stop(err.text);
    if (!order->only || strcmp(order->only, request.id) == 0)
        answer(order, &request);
    cg_mail_request_clear(&request);
}

static struct order read_order(int argc, char **argv)
{
    struct order order = {.spool = argv[1], .ca = argv[2], .days = 20};
    for (int i = 3; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "key") == 0)
            order.key = true;
        else if (more && strcmp(argv[i], "chain") == 0 && order.nchain < CG_RENEW_CHAIN_MAX)
            order.chain[order.nchain++] = argv[++i];
        else if (more && strcmp(argv[i], "days") == 0)
            order.days = (int)strtol(argv[++i], NULL, 10);
        else if (more && strcmp(argv[i], "cn") == 0)
            order.cn = argv[++i];
        else if (more && strcmp(argv[i], "refuse") == 0)
            order.refuse = argv[++i];
        else if (more && strcmp(argv[i], "only") == 0)
            order.only = argv[++i];
        else
            stop("unknown word");
    }
    return order;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        stop("expected SPOOL CA-NAME");
    const struct order order = read_order(argc, argv);
    char path[512];
    snprintf(path, sizeof path, "%s/answers", order.spool);
    mkdir(path, 0750);
    snprintf(path, sizeof path, "%s/requests", order.spool);
    DIR *dir = opendir(path);
    for (const struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
        if (entry->d_name[0] != '.' && strlen(entry->d_name) == CG_RENEWAL_ID_MAX - 1 + strlen(".json") &&
            strcmp(entry->d_name + CG_RENEWAL_ID_MAX - 1, ".json") == 0)
            read_request(&order, entry->d_name);
    if (dir)
        closedir(dir);
    return EXIT_SUCCESS;
}
