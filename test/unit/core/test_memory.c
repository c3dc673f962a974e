/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Every allocation of a load fails in turn, alone and with all that follow: a load ends whole or not at all, with words.
 * The linker wraps the core's allocations (--wrap); OpenSSL and cJSON take ours by their own hooks. */
#include "core/crl/crl_numbers_format.h"
#include "core/policy/policy_load.h"
#include "core/snapshot_load.h"
#include "lib/pki_maker.h"
#include "lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <openssl/crypto.h>

#define NOW      1800000000
#define RUNS_MAX 700 /* of one case: beyond it allocations are sampled evenly */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
/* Libraries that are linked to may be given these too: then they must be seen from outside. */
#define SEEN __attribute__((visibility("default")))
SEEN void *__wrap_malloc(size_t size);
SEEN void *__wrap_calloc(size_t count, size_t size);
SEEN void *__wrap_realloc(void *old, size_t size);
SEEN char *__wrap_strdup(const char *text);

static struct {
    bool armed, forever;
    long asked, fail_at;
} fault;

static bool fails(void)
{
    if (!fault.armed)
        return false;
    fault.asked++;
    return fault.forever ? fault.asked >= fault.fail_at : fault.asked == fault.fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return size ? __wrap_malloc(size) : NULL;
}

static void *openssl_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return __wrap_realloc(old, size);
}

static void openssl_free(void *old, const char *file, int line)
{
    (void)file, (void)line;
    free(old);
}

static char policy_file[512];
static struct cg_pki *pki;

static int make_files(void **state)
{
    (void)state;
    static const char
        policy[] = "{\"trust\":{\"anchors\":\"ca.pem\",\"intermediates\":\"mid.pem\",\"crls\":\"list.pem\"},"
                   "\"credential\":[{\"chain\":\"chain.pem\",\"key\":\"key.pem\"},"
                   "{\"chain\":\"rsa.pem\",\"key\":\"rsa.key\"}],\"server\":{\"names\":[\"localhost\"],"
                   "\"trust\":{\"intermediate_anchors\":\"mid.pem\",\"crls\":\"own.pem\"}},"
                   "\"state\":\"state\",\"deny\":[{\"serial\":\"77\",\"issuer\":\"CN=root\"}],"
                   "\"renewal\":{\"spool\":\"spool\",\"statements\":[\"one.bin\",\"two.bin\"]},"
                   "\"client\":{\"extensions\":[{\"oid\":\"1.2.3\",\"one_of\":[\"a\",\"b\"]}]},"
                   "\"listeners\":[{\"port\":1,\"credential\":null,\"tls\":{\"min_version\":\"1.3\"}}]}";
    char numbers[256];
    const char *folder = cg_scratch_open("memory");
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "root: ca cn=root\nother: ca cn=other\nmid: ca cn=mid issuer=root\nbroker: server issuer=mid\n"
                     "rsa: server issuer=mid key=rsa2048\n"
                     "list: crl issuer=root number=7 revoke=0x77\nmidlist: crl issuer=mid number=1 revoke=0x78\n");
    cg_pki_write(pki, folder, "ca.pem", "root other");
    cg_pki_write(pki, folder, "mid.pem", "mid");
    cg_pki_write(pki, folder, "list.pem", "list midlist");
    cg_pki_write(pki, folder, "own.pem", "midlist");
    cg_pki_write(pki, folder, "chain.pem", "broker mid");
    cg_pki_write_key(pki, folder, "key.pem", "broker");
    cg_pki_write(pki, folder, "rsa.pem", "rsa mid");
    cg_pki_write_key(pki, folder, "rsa.key", "rsa");
    cg_scratch_write("one.bin", "0\003abcsignature"); /* the shape of a statement about a root */
    cg_scratch_write("two.bin", "0\003defsignature");
    snprintf(policy_file, sizeof policy_file, "%s", cg_scratch_write("policy.json", policy));
    snprintf(numbers, sizeof numbers, "certguard crl-numbers 1\n%064d %064d 1f 1 x y\nend 1\n", 1, 2);
    if (mkdir(cg_scratch_path("state"), 0700) != 0)
        return -1;
    cg_scratch_write("state/" CG_CRL_NUMBERS_FILE, numbers);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    cg_pki_free(pki);
    cg_scratch_close();
    return 0;
}

/* Runs once; true when it gave a result, which must be whole. */
typedef bool run_fn(struct cg_error *err);

static bool load_policy(struct cg_error *err)
{
    struct cg_policy *policy = cg_policy_load(policy_file, err);
    fault.armed = false;
    bool ok = policy != NULL;
    if (policy &&
        (policy->nlisteners != 1 || policy->base.client.nextensions != 1 || policy->base.server.deny.count != 1))
        fail_msg("allocation %ld: half a policy", fault.fail_at);
    cg_policy_free(policy);
    return ok;
}

static bool load_snapshot(struct cg_error *err)
{
    struct cg_snapshot_source source = {.policy = policy_file};
    struct cg_file_states seen = {NULL, 0};
    struct cg_snapshot *snapshot = cg_snapshot_load(&source, NULL, NOW, &seen, NULL, err);
    fault.armed = false;
    bool ok = snapshot != NULL;
    if (snapshot &&
        (sk_X509_num(cg_trust_anchors(snapshot->trust)) != 2 ||
         sk_X509_num(cg_trust_intermediates(snapshot->trust)) != 1 ||
         cg_crl_set_count(cg_trust_crls(snapshot->trust)) != 2 ||
         sk_X509_num(cg_trust_anchors(snapshot->server_trust)) != 1 || cg_statements_count(snapshot->statements) != 2 ||
         cg_crl_set_count(cg_trust_crls(snapshot->server_trust)) != 1 || cg_crl_numbers_count(snapshot->numbers) != 3 ||
         snapshot->credentials[0].count != 2 || sk_X509_num(snapshot->credentials[0].item[0]->chain) != 1))
        fail_msg("allocation %ld: half a snapshot", fault.fail_at);
    cg_snapshot_free(snapshot);
    cg_file_states_clear(&seen);
    return ok;
}

static void fail_one(run_fn *run, long at, bool forever)
{
    struct cg_error err = {""};
    fault.asked = 0;
    fault.fail_at = at;
    fault.forever = forever;
    fault.armed = true;
    bool ok = run(&err);
    fault.armed = false;
    if (!ok && !err.text[0])
        fail_msg("allocation %ld: failed without a word", at);
    if (ok && forever && fault.asked >= at)
        fail_msg("allocation %ld and all that follow failed, and yet it loaded", at);
}

static void fail_all(run_fn *run)
{
    struct cg_error err = {""};
    for (int warm = 0; warm < 2; warm++) { /* what libraries keep for later is made now */
        fault.asked = 0;
        fault.fail_at = -1;
        fault.forever = false;
        fault.armed = true;
        if (!run(&err))
            fail_msg("%s", err.text);
    }
    long total = fault.asked, step = 1 + total / RUNS_MAX;
    assert_true(total > 50);
    for (long at = 1; at <= total; at += step) {
        fail_one(run, at, false);
        fail_one(run, at, true);
    }
}

static void policies_are_whole_or_nothing(void **state)
{
    (void)state;
    fail_all(load_policy);
}

static void snapshots_are_whole_or_nothing(void **state)
{
    (void)state;
    fail_all(load_snapshot);
}

int main(void)
{
    cJSON_Hooks hooks = {__wrap_malloc, free};
    if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1)
        return 1;
    cJSON_InitHooks(&hooks);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_are_whole_or_nothing),
        cmocka_unit_test(snapshots_are_whole_or_nothing),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
