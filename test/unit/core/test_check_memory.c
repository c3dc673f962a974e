/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Every allocation of the check, with and without a cache that knows the path's signatures, is made to fail in turn: no crash, no leak, and what is refused with memory is never
 * accepted without. A good certificate may only be accepted where OpenSSL itself survived the loss (a cache entry that
 * it does without), which is seldom. */
#include "check_fixture.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

static long countdown = -1; /* allocations until one fails; -1: never */
static bool failed;
static long held; /* blocks that OpenSSL holds */

static bool is_due(void)
{
    if (countdown < 0)
        return false;
    if (countdown-- > 0)
        return false;
    failed = true;
    return true;
}

static void *test_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    void *p = size == 0 || is_due() ? NULL : malloc(size);
    held += p != NULL;
    return p;
}

static void test_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    held -= p != NULL;
    free(p);
}

static void *test_realloc(void *p, size_t size, const char *file, int line)
{
    if (!p)
        return test_malloc(size, file, line);
    if (size == 0) {
        test_free(p, file, line);
        return NULL;
    }
    return is_due() ? NULL : realloc(p, size);
}

static const struct fixture_case good = {
    .recipe = "root: ca policies=2.5.29.32.0 nc=permitted;DNS:example\nsub: ca issuer=root policies=1.2.3.4\n"
              "c: issuer=sub policies=1.2.3.4 key=rsa2048 san=dns:c.example,ip:127.0.0.1 subject=/O=Plant/CN=c.example "
              "ext=1.2.3.4.5=0c0161\n"
              "l: crl issuer=root\nm: crl issuer=sub revoke=0x99",
    .sent = "sub",
    .intermediates = "sub",
    .crls = "l m",
    .policy = ", \"client\": {\"certificate_policies\": {\"oids\": [\"1.2.3.4\"], \"require_explicit\": true}, "
              "\"extensions\": [{\"oid\": \"1.2.3.4.5\", \"required\": true, \"text\": \"a\"}], "
              "\"subject\": [{\"attribute\": \"O\", \"equals\": \"Plant\"}]}, "
              "\"deny\": [{\"serial\": \"99\", \"issuer\": \"CN=nobody\"}]",
    .host = "c.example"};

/* A peer's certificate is new in each handshake: nothing of it has been decoded yet. */
static X509 *fresh(X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    const unsigned char *p = der;
    X509 *copy = d2i_X509(NULL, &p, len);
    OPENSSL_free(der);
    return copy;
}

/* The other side of the same coin: each of these must be refused whatever fails. */
static const struct fixture_case bad[] = {
    {.recipe = "root: ca\nc: issuer=root days=-60..-30"},
    {.recipe = "root: ca\nc: issuer=root broken-signature"},
    {.recipe = "root: ca\nc: server issuer=root"},
    {.recipe = "root: ca\nc: issuer=root eku=none"},
    {.recipe = "root: ca nc=critical,permitted;DNS:example\nc: issuer=root san=dns:a.example.org"},
    {.recipe = "root: ca nc=critical,excluded;DNS:a.example\nc: issuer=root san=dns:*.example"},
    {.recipe = "root: ca nc=critical,permitted;DNS:example\nc: issuer=root cn=*.example.org san=uri:urn:x"},
    {.recipe = "root: ca policy-constraints=critical,requireExplicitPolicy:0\nc: issuer=root"},
    {.recipe = "root: ca policies=1.2.3.4\nc: issuer=root policies=1.2.3.5",
     .policy = ", \"client\": {\"certificate_policies\": {\"require_explicit\": true}}"},
    {.recipe = "root: ca inhibit-any=critical,0\nc: issuer=root policies=2.5.29.32.0",
     .policy = ", \"client\": {\"certificate_policies\": {\"require_explicit\": true}}"},
    {.recipe = "root: ca\nc: issuer=root policies=1.2.3.4,1.2.3.4 policy-constraints=critical,requireExplicitPolicy:0"},
    {.recipe = "root: ca\nc: issuer=root key=rsa2048-e3"},
    {.recipe = "root: ca\nc: issuer=root key=p256-explicit"},
    {.recipe = "root: ca\nc: issuer=root san=dns:a..b"},
    {.recipe = "root: ca\nc: issuer=root san=none"},
    {.recipe = "root: ca\nc: issuer=root serial=0"},
    {.recipe = "root: ca\nc: issuer=root ext=critical,1.2.3.4.5=0c0161"},
    {.recipe = "root: ca\nc: issuer=root ext=1.2.3.4.5=0c0161",
     .policy = ", \"client\": {\"extensions\": [{\"oid\": \"1.2.3.4.5\", \"forbidden\": true}]}"},
    {.recipe = "root: ca\nc: issuer=root",
     .policy = ", \"client\": {\"subject\": [{\"attribute\": \"O\", \"equals\": \"a\"}]}"},
    {.recipe = "root: ca\nc: issuer=root serial=7",
     .policy = ", \"deny\": [{\"serial\": \"7\", \"issuer\": \"CN=root\"}]"},
    {.recipe = "root: ca\nc: issuer=root serial=7\nl: crl issuer=root revoke=c", .crls = "l"},
    {.recipe = "root: ca\nsub: ca issuer=root\nc: issuer=sub\nl: crl issuer=root revoke=sub\nm: crl issuer=sub",
     .sent = "sub",
     .intermediates = "sub",
     .crls = "l m"},
    {.recipe = "root: ca\nc: issuer=root", .host = "b.example"},
};

struct tally {
    long tried, accepted, leaked;
};

/* Fails allocation n. False when there were fewer. */
static bool run(struct cg_check_input input, long n, struct tally *tally)
{
    struct cg_verdict verdict;
    X509 *leaf = fresh(input.leaf);
    input.leaf = leaf;
    failed = false;
    countdown = n;
    cg_check(&input, &verdict);
    countdown = -1;
    tally->tried += failed;
    tally->accepted += failed && verdict.decision == CG_ACCEPT;
    cg_verdict_clear(&verdict);
    X509_free(leaf);
    ERR_clear_error();
    return failed;
}

static struct cg_signature_cache *knows_valid_signatures(const struct cg_pki *pki, const struct fixture_case *row)
{
    struct cg_signature_cache *cache = cg_signature_cache_new(CG_SIGNATURE_CACHE_BYTES);
    STACK_OF(X509) *path = cg_pki_stack(pki, row->sent ? "c sub root" : "c root");
    if (X509_verify(sk_X509_value(path, 0), X509_get0_pubkey(sk_X509_value(path, 1))) == 1)
        cg_signature_cache_add(cache, path);
    sk_X509_pop_free(path, X509_free);
    return cache;
}

static void run_all(const struct fixture_case *row, bool known, struct tally *tally)
{
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    struct fixture_inputs inputs;
    fixture_open(pki, row, &inputs);
    struct cg_signature_cache *cache = known ? knows_valid_signatures(pki, row) : NULL;
    inputs.check.signatures = cache;
    struct tally first = {0}; /* the first round fills the caches of the library, in whatever order failures leave */
    for (long n = 0; run(inputs.check, n, &first); n++)
        ;
    long before = held;
    for (long n = 0; run(inputs.check, n, tally); n++)
        ;
    tally->leaked += held - before;
    cg_signature_cache_free(cache);
    fixture_close(&inputs);
    cg_pki_free(pki);
}

int main(void)
{
    if (!CRYPTO_set_mem_functions(test_malloc, test_realloc, test_free)) {
        fprintf(stderr, "test_check_memory: OpenSSL allocated memory before main\n");
        return EXIT_FAILURE;
    }
    struct tally of_good = {0}, of_bad = {0};
    run_all(&good, false, &of_good);
    run_all(&good, true, &of_good);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        long accepted = of_bad.accepted;
        run_all(&bad[i], false, &of_bad);
        run_all(&bad[i], true, &of_bad);
        if (of_bad.accepted > accepted)
            printf("accepted without memory: %s\n", bad[i].recipe);
    }
    printf("good: %ld allocations failed, accepted %ld times, %ld blocks leaked\n", of_good.tried, of_good.accepted,
           of_good.leaked);
    printf("bad: %ld allocations failed, accepted %ld times, %ld blocks leaked\n", of_bad.tried, of_bad.accepted,
           of_bad.leaked);
    bool good_run = of_good.tried > 100 && of_good.accepted * 4 < of_good.tried && of_bad.tried > 1000 &&
                    of_bad.accepted == 0 && of_good.leaked == 0 && of_bad.leaked == 0;
    return good_run ? EXIT_SUCCESS : EXIT_FAILURE;
}
