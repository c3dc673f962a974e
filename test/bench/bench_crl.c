/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The cost of a CRL, compared with OpenSSL's X509_CRL on the same bytes: bench_crl [ENTRIES...], 1000 to 1000000 by default.
 * Each measurement runs in a separate process, so that its peak memory can be measured. */
#include "core/crl/crl.h"
#include "large_crl.h"
#include "lib/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_UPS 20000

static double cpu_seconds(void)
{
    return (double)cg_process_cpu_us(getpid()) / 1e6;
}

struct result {
    double load_s, look_up_ns;
    long peak_kib, resident_kib;
};

static volatile size_t revoked; /* prevents the compiler from removing the look-ups */

static void measure_certguard(const unsigned char *der, size_t len, const struct ca *ca, X509 *leaf, struct result *out)
{
    const struct cg_crl_params params = {.now = MAKER_NOW};
    STACK_OF(X509) *issuers = sk_X509_new_null();
    sk_X509_push(issuers, ca->cert);
    struct cg_crl_set *set = cg_crl_set_new();
    struct cg_error err = {""};
    double start = cpu_seconds();
    if (!cg_crl_set_add(set, der, len, issuers, true, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    out->load_s = cpu_seconds() - start;
    start = cpu_seconds();
    for (int i = 0; i < LOOK_UPS; i++) {
        struct cg_crl_answer answer;
        cg_crl_set_look_up(set, leaf, ca->cert, &params, &answer);
        revoked += answer.status == CG_CRL_STATUS_REVOKED;
    }
    out->look_up_ns = (cpu_seconds() - start) / LOOK_UPS * 1e9;
    out->resident_kib = cg_process_rss_kib(getpid()); /* the set is not freed */
}

static void measure_openssl(const unsigned char *der, size_t len, const struct ca *ca, X509 *leaf, struct result *out)
{
    const unsigned char *at = der;
    double start = cpu_seconds();
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)len);
    X509_REVOKED *entry = NULL;
    if (!crl || X509_CRL_verify(crl, ca->key) != 1)
        exit(1);
    X509_CRL_get0_by_cert(crl, &entry, leaf); /* the first look-up sorts the entries */
    out->load_s = cpu_seconds() - start;
    start = cpu_seconds();
    for (int i = 0; i < LOOK_UPS; i++)
        revoked += X509_CRL_get0_by_cert(crl, &entry, leaf) == 1;
    out->look_up_ns = (cpu_seconds() - start) / LOOK_UPS * 1e9;
    out->resident_kib = cg_process_rss_kib(getpid());
}

typedef void measure_fn(const unsigned char *, size_t, const struct ca *, X509 *, struct result *);

/* Measures in a child process that starts with the DER in memory, and prints the memory that it adds. */
static void run(const char *label, measure_fn *measure, const unsigned char *der, size_t len, size_t entries,
                const struct ca *ca, X509 *leaf)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct result result = {0};
        volatile unsigned char sum = 0;
        for (size_t i = 0; i < len; i += 4096)
            sum = (unsigned char)(sum + der[i]); /* makes the DER resident before the measurement, */
        X509_verify(leaf, ca->key);              /* and everything that libcrypto loads at its first use */
        long before = cg_process_rss_kib(getpid());
        measure(der, len, ca, leaf, &result);
        result.peak_kib = cg_process_peak_kib(getpid());
        printf("%-9s %9zu entries  load %8.3f s  peak %5.2f x DER  resident %6.1f bytes/entry  look-up %6.0f ns\n",
               label, entries, result.load_s, (double)(result.peak_kib - before) * 1024 / (double)len + 1,
               (double)(result.resident_kib - before) * 1024 / (double)entries, result.look_up_ns);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void run_size(size_t entries)
{
    struct ca ca = make_ca("CA", NULL, NULL);
    X509 *leaf = make_cert("leaf", 5, ca.key, &ca, NULL);
    size_t len;
    unsigned char *der = large_crl_make(&ca, entries, MAKER_NOW, 1, &len);
    run("certguard", measure_certguard, der, len, entries, &ca, leaf);
    run("OpenSSL", measure_openssl, der, len, entries, &ca, leaf);
    free(der);
    X509_free(leaf);
    free_ca(&ca);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {1000, 10000, 100000, 1000000};
    for (int i = 1; i < argc; i++)
        run_size((size_t)strtoull(argv[i], NULL, 10));
    for (size_t i = 0; argc == 1 && i < sizeof sizes / sizeof sizes[0]; i++)
        run_size(sizes[i]);
    return 0;
}
