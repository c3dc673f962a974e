/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a CRL costs, beside OpenSSL's X509_CRL on the same bytes: bench_crl [ENTRIES...], by default 1000 to 1000000.
 * Each measurement runs in a process of its own, so that its peak memory is its own. */
#include "core/crl/crl.h"
#include "large_crl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_UPS 20000

static double cpu_seconds(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* kB from /proc/self/status */
static long memory_kb(const char *field)
{
    char line[256];
    long kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, field, strlen(field)) == 0)
            kb = strtol(line + strlen(field) + 1, NULL, 10);
    if (status)
        fclose(status);
    return kb;
}

struct result {
    double load_s, look_up_ns;
    long peak_kb, resident_kb;
};

static volatile size_t revoked; /* keeps the look-ups from being optimised away */

static void measure_ours(const unsigned char *der, size_t len, const struct ca *ca, X509 *leaf, struct result *out)
{
    const struct cg_crl_params terms = {.now = MAKER_NOW};
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
        cg_crl_set_look_up(set, leaf, ca->cert, &terms, &answer);
        revoked += answer.status == CG_CRL_STATUS_REVOKED;
    }
    out->look_up_ns = (cpu_seconds() - start) / LOOK_UPS * 1e9;
    out->resident_kb = memory_kb("VmRSS:"); /* the set is still held */
}

static void measure_openssl(const unsigned char *der, size_t len, const struct ca *ca, X509 *leaf, struct result *out)
{
    const unsigned char *at = der;
    double start = cpu_seconds();
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)len);
    X509_REVOKED *entry = NULL;
    if (!crl || X509_CRL_verify(crl, ca->key) != 1)
        exit(1);
    X509_CRL_get0_by_cert(crl, &entry, leaf); /* the first one sorts */
    out->load_s = cpu_seconds() - start;
    start = cpu_seconds();
    for (int i = 0; i < LOOK_UPS; i++)
        revoked += X509_CRL_get0_by_cert(crl, &entry, leaf) == 1;
    out->look_up_ns = (cpu_seconds() - start) / LOOK_UPS * 1e9;
    out->resident_kb = memory_kb("VmRSS:");
}

typedef void measure_fn(const unsigned char *, size_t, const struct ca *, X509 *, struct result *);

/* In a child that starts with the DER in memory; what it adds is reported. */
static void run(const char *label, measure_fn *measure, const unsigned char *der, size_t len, size_t entries,
                const struct ca *ca, X509 *leaf)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct result result = {0};
        volatile unsigned char sum = 0;
        for (size_t i = 0; i < len; i += 4096)
            sum = (unsigned char)(sum + der[i]); /* the DER counts from the start */
        X509_verify(leaf, ca->key);              /* and so does what libcrypto loads at its first use */
        long before = memory_kb("VmRSS:");
        measure(der, len, ca, leaf, &result);
        result.peak_kb = memory_kb("VmHWM:");
        printf("%-9s %9zu entries  load %8.3f s  peak %5.2f x DER  resident %6.1f bytes/entry  look-up %6.0f ns\n",
               label, entries, result.load_s, (double)(result.peak_kb - before) * 1024 / (double)len + 1,
               (double)(result.resident_kb - before) * 1024 / (double)entries, result.look_up_ns);
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
    run("certguard", measure_ours, der, len, entries, &ca, leaf);
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
