/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Every allocation of the verification of requests and statements, and of the reading and writing of the spool's files, fails in
 * turn: no crash, no leak, and what is refused with memory is never accepted without. */
#include "core/policy/policy_load.h"
#include "core/renewal/mailbox.h"
#include "core/renewal/request_check.h"
#include "core/renewal/statement.h"
#include "lib/pki_maker.h"
#include "lib/renewal_maker.h"

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1800000000)

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size) __attribute__((visibility("default")));

static long countdown = -1; /* allocations until one fails; -1: never */
static bool failed;
static long held; /* blocks that OpenSSL and cJSON hold */

static bool is_due(void)
{
    if (countdown < 0 || countdown-- > 0)
        return false;
    failed = true;
    return true;
}

/* The core's own allocations. */
void *__wrap_malloc(size_t size)
{
    return is_due() ? NULL : __real_malloc(size);
}

static void *counted_malloc(size_t size)
{
    void *p = size == 0 || is_due() ? NULL : __real_malloc(size);
    held += p != NULL;
    return p;
}

static void counted_free(void *p)
{
    held -= p != NULL;
    free(p);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return counted_malloc(size);
}

static void openssl_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    counted_free(p);
}

static void *openssl_realloc(void *p, size_t size, const char *file, int line)
{
    if (!p)
        return openssl_malloc(size, file, line);
    if (size == 0) {
        openssl_free(p, file, line);
        return NULL;
    }
    return is_due() ? NULL : realloc(p, size);
}

static struct cg_pki *pki;
static struct cg_policy *policy;
static struct cg_made good, bad, statement, unsigned_statement;
static char *mail[3];

static X509 *fresh(const char *name)
{
    return X509_dup(cg_pki_cert(pki, name));
}

static bool verify(const struct cg_made *made)
{
    struct cg_renewal_request request;
    struct cg_refusal refusal;
    char id[CG_RENEWAL_ID_MAX];
    X509 *current = fresh("dev"); /* as a peer's: nothing of it was decoded yet */
    const bool ok = current && cg_renewal_parse(made->data, made->len, &request, &refusal) &&
                    cg_renewal_id(current, &request, id) &&
                    cg_renewal_verify(&request, current, &policy->base.client, &refusal);
    X509_free(current);
    return ok;
}

static bool verify_good(void)
{
    return verify(&good);
}

static bool verify_bad(void)
{
    return verify(&bad);
}

static bool take(const struct cg_made *made)
{
    struct cg_statement parsed;
    struct cg_refusal refusal;
    X509 *root = NULL;
    STACK_OF(X509) *roots = sk_X509_new_null();
    X509 *ca = fresh("ca");
    const bool pushed = roots && ca && sk_X509_push(roots, ca) > 0;
    const struct cg_held_roots holds = {roots, NULL, 0};
    const bool ok = pushed && cg_statement_parse(made->data, made->len, &parsed, &refusal) &&
                    cg_statement_new_root(&parsed, &holds, NOW, &root, &refusal);
    X509_free(root);
    X509_free(ca);
    sk_X509_free(roots);
    return ok;
}

static bool take_good(void)
{
    return take(&statement);
}

static bool take_bad(void)
{
    return take(&unsigned_statement);
}

/* json: freed. Exactly the text, or nothing. */
static bool prints(cJSON *json, const char *text)
{
    char *printed = json ? cJSON_PrintUnformatted(json) : NULL;
    const bool ok = printed != NULL;
    if (ok && strcmp(printed, text) != 0) {
        fprintf(stderr, "without memory: %s\n", printed);
        exit(EXIT_FAILURE);
    }
    cJSON_free(printed);
    cJSON_Delete(json);
    return ok;
}

static bool read_request(void)
{
    struct cg_mail_request request;
    struct cg_error err;
    const bool ok = cg_mail_request_read(mail[0], strlen(mail[0]), &request, &err) &&
                    prints(cg_mail_request_json(&request), mail[0]);
    cg_mail_request_clear(&request);
    return ok;
}

static bool read_answer(const char *text)
{
    struct cg_mail_answer answer;
    struct cg_error err;
    const bool ok = cg_mail_answer_read(text, strlen(text), &answer, &err) &&
                    prints(cg_mail_answer_json(&answer), text);
    cg_mail_answer_clear(&answer);
    return ok;
}

static bool read_issued(void)
{
    return read_answer(mail[1]);
}

static bool read_refused(void)
{
    return read_answer(mail[2]);
}

static const struct {
    const char *name;
    bool (*run)(void);
    bool ok; /* with memory */
} cases[] = {
    {"a good request", verify_good, true},
    {"a request signed by another", verify_bad, false},
    {"a new root", take_good, true},
    {"a root that nobody signed for", take_bad, false},
    {"a file with a request", read_request, true},
    {"a file with a certificate", read_issued, true},
    {"a file with a refusal", read_refused, true},
};

static void make_mail(void)
{
    struct cg_refusal refusal;
    struct cg_mail_request request = {
        .received = NOW, .certificate = cg_pki_cert(pki, "dev"), .data = good.data, .len = good.len};
    struct cg_mail_answer answer = {.certificate = cg_pki_cert(pki, "new"), .chain = cg_pki_stack(pki, "ca next")};
    if (!cg_renewal_parse(good.data, good.len, &request.request, &refusal) ||
        !cg_renewal_id(request.certificate, &request.request, request.id))
        abort();
    memcpy(answer.id, request.id, sizeof answer.id);
    cJSON *json[3] = {cg_mail_request_json(&request), cg_mail_answer_json(&answer)};
    sk_X509_pop_free(answer.chain, X509_free);
    answer = (struct cg_mail_answer){.refused = CG_REASON_RENEWAL_DENIED, .detail = "no"};
    memcpy(answer.id, request.id, sizeof answer.id);
    json[2] = cg_mail_answer_json(&answer);
    for (size_t i = 0; i < 3; i++) {
        mail[i] = cJSON_PrintUnformatted(json[i]);
        cJSON_Delete(json[i]);
    }
}

static void set_up(void)
{
    struct cg_error err = {""};
    pki = cg_pki_new(NOW);
    policy = cg_policy_default("none.pem", &err);
    cg_pki_make(pki, "ca: ca\nnext: ca\ndev: issuer=ca\nnew: issuer=ca cn=dev");
    struct cg_request_parts parts = {
        .current = cg_pki_cert(pki, "dev"), .old = cg_pki_key(pki, "dev"), .key = cg_pki_key(pki, "new")};
    cg_request_make(&parts, &good);
    parts.old = cg_pki_key(pki, "ca");
    cg_request_make(&parts, &bad);
    cg_statement_make(cg_pki_cert(pki, "next"), cg_pki_cert(pki, "ca"), cg_pki_key(pki, "ca"), &statement);
    cg_statement_make(cg_pki_cert(pki, "next"), cg_pki_cert(pki, "ca"), cg_pki_key(pki, "dev"), &unsigned_statement);
    make_mail();
}

/* Fails allocation n. False when there were fewer. */
static bool run(size_t i, long n, long *accepted)
{
    failed = false;
    countdown = n;
    const bool ok = cases[i].run();
    countdown = -1;
    ERR_clear_error();
    *accepted += failed && ok;
    if (ok && !cases[i].ok) {
        fprintf(stderr, "%s: accepted without allocation %ld\n", cases[i].name, n);
        exit(EXIT_FAILURE);
    }
    if (!failed && ok != cases[i].ok) {
        fprintf(stderr, "%s: not as expected with memory\n", cases[i].name);
        exit(EXIT_FAILURE);
    }
    return failed;
}

static bool run_all(size_t i)
{
    long accepted = 0, tried = 0;
    for (long n = 0; run(i, n, &accepted); n++) /* fills the caches of the library, in whatever order failures leave */
        ;
    const long before = held;
    for (accepted = 0; run(i, tried, &accepted); tried++)
        ;
    printf("%s: %ld allocations failed, %ld of them without effect\n", cases[i].name, tried, accepted);
    if (held == before)
        return true;
    fprintf(stderr, "%s: %ld blocks leaked\n", cases[i].name, held - before);
    return false;
}

int main(void)
{
    cJSON_Hooks hooks = {counted_malloc, counted_free};
    if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free)) {
        fprintf(stderr, "test_renewal_memory: OpenSSL allocated memory before main\n");
        return EXIT_FAILURE;
    }
    cJSON_InitHooks(&hooks);
    set_up();
    bool ok = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ok = run_all(i) && ok;
    for (size_t i = 0; i < 3; i++)
        cJSON_free(mail[i]);
    cg_policy_free(policy);
    cg_pki_free(pki);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
