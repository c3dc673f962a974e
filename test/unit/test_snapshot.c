/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Snapshots and credentials: what fails a load and with which words, what is watched, what is shared, who frees. */
#include "core/snapshot.h"
#include "lib/pki_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include <cmocka.h>

#define NOW 1800000000

static struct cg_pki *pki;
static char folder[256];

static const char *in_folder(const char *name)
{
    static char path[8][512];
    static unsigned turn;
    char *out = path[turn++ % 8];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

static void write_text(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void write_encrypted_key(const char *name)
{
    FILE *f = fopen(in_folder(name), "w");
    char passphrase[] = "secret";
    assert_non_null(f);
    assert_int_equal(PEM_write_PKCS8PrivateKey(f, cg_pki_key(pki, "broker"), EVP_aes_256_cbc(), passphrase,
                                               (int)strlen(passphrase), NULL, NULL),
                     1);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(in_folder(name), 0600), 0);
}

static int make_files(void **state)
{
    (void)state;
    const char *base = getenv("CG_TEST_TMP");
    snprintf(folder, sizeof folder, "%s/snapshot-XXXXXX", base && strlen(base) < 200 ? base : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "root: ca cn=root\n"
                     "other: ca cn=other\n"
                     "mid: ca cn=mid issuer=root\n"
                     "broker: server issuer=mid\n"
                     "client: issuer=mid\n"
                     "expired: server issuer=mid days=-10..-1\n"
                     "stranger: server issuer=other\n"
                     "list: crl issuer=root number=7\n"
                     "older: crl issuer=root number=6\n"
                     "midlist: crl issuer=mid number=1\n");
    cg_pki_write(pki, folder, "ca.pem", "root");
    cg_pki_write(pki, folder, "other.pem", "other");
    cg_pki_write(pki, folder, "chain.pem", "broker mid root");
    cg_pki_write(pki, folder, "short.pem", "broker");
    cg_pki_write(pki, folder, "reversed.pem", "mid broker");
    cg_pki_write(pki, folder, "client.pem", "client mid");
    cg_pki_write(pki, folder, "expired.pem", "expired mid");
    cg_pki_write(pki, folder, "stranger.pem", "stranger");
    cg_pki_write_key(pki, folder, "key.pem", "broker");
    cg_pki_write_key(pki, folder, "client.key", "client");
    cg_pki_write_key(pki, folder, "expired.key", "expired");
    cg_pki_write_key(pki, folder, "stranger.key", "stranger");
    cg_pki_write_key(pki, folder, "open.key", "broker");
    assert_int_equal(chmod(in_folder("open.key"), 0644), 0);
    write_encrypted_key("encrypted.key");
    write_text("garbage.pem", "garbage");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    char command[300];
    cg_pki_free(pki);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static struct cg_snapshot *load(const char *policy, const struct cg_snapshot *previous, struct cg_stamps *seen,
                                struct cg_error *err)
{
    write_text("policy.json", policy);
    struct cg_snapshot_source source = {.policy = in_folder("policy.json")};
    return cg_snapshot_load(&source, previous, NOW, seen, NULL, err);
}

static struct cg_snapshot *load_well(const char *policy, const struct cg_snapshot *previous)
{
    struct cg_error err = {""};
    struct cg_snapshot *snapshot = load(policy, previous, NULL, &err);
    if (!snapshot)
        fail_msg("%s\n%s", policy, err.text);
    return snapshot;
}

#define CREDENTIAL(chain, key)                                                                                         \
    "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"" chain "\",\"key\":\"" key "\"}}"

static const struct {
    const char *sentence, *policy, *words;
} failing[] = {
    {"a policy that is wrong", "{\"trust\":1}", "policy.json: $.trust: expected an object"},
    {"no anchors", "{}", "add \"trust\": {\"anchors\""},
    {"anchors that are missing", "{\"trust\":{\"anchors\":\"none.pem\"}}", "none.pem: no such file"},
    {"anchors that are garbage", "{\"trust\":{\"anchors\":\"garbage.pem\"}}", "garbage.pem: expected certificates"},
    {"a missing chain", CREDENTIAL("none.pem", "key.pem"), "none.pem: no such file"},
    {"a missing key", CREDENTIAL("chain.pem", "none.pem"), "none.pem: no such file"},
    {"chain and key of two certificates", CREDENTIAL("chain.pem", "client.key"), "belongs to none of its certificates"},
    {"an intermediate before the leaf", CREDENTIAL("reversed.pem", "key.pem"),
     "put the broker's own certificate first"},
    {"an encrypted key", CREDENTIAL("chain.pem", "encrypted.key"), "is encrypted"},
    {"a key that everyone may read", CREDENTIAL("chain.pem", "open.key"), "cure: chmod 0640"},
    {"a certificate where the key should be", CREDENTIAL("chain.pem", "chain.pem"), "expected a private key in PEM"},
    {"a key where the chain should be", CREDENTIAL("key.pem", "key.pem"), "holds a private key"},
    {"garbage for a key", CREDENTIAL("chain.pem", "garbage.pem"), "garbage.pem: expected a private key"},
    {"a chain without its intermediate", CREDENTIAL("short.pem", "key.pem"),
     "short.pem: refused by the server policy: untrusted"},
    {"a chain of another CA", CREDENTIAL("stranger.pem", "stranger.key"), "refused by the server policy: untrusted"},
    {"an expired broker certificate", CREDENTIAL("expired.pem", "expired.key"),
     "refused by the server policy: expired"},
    {"a client certificate for the broker", CREDENTIAL("client.pem", "client.key"),
     "refused by the server policy: wrong_purpose"},
    {"a name that the certificate lacks",
     "{\"trust\":{\"anchors\":\"ca.pem\"},\"server\":{\"names\":[\"broker.lan\"]},"
     "\"credential\":{\"chain\":\"chain.pem\",\"key\":\"key.pem\"}}",
     "refused by the server policy: host_mismatch"},
    {"a wrong credential in a listener only",
     "{\"trust\":{\"anchors\":\"ca.pem\"},\"listeners\":[{\"port\":1,\"credential\":{\"chain\":\"none.pem\",\"key\":"
     "\"key.pem\"}}]}",
     "none.pem: no such file"},
    {"bridge anchors that are missing",
     "{\"trust\":{\"anchors\":\"ca.pem\"},\"bridge\":{\"trust\":{\"anchors\":\"none.pem\"}}}",
     "none.pem: no such file"},
};

static void fails_with_words(void **state)
{
    (void)state;
    assert_int_equal(chmod(in_folder("chain.pem"), 0600), 0);
    assert_int_equal(chmod(in_folder("garbage.pem"), 0600), 0);
    for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
        struct cg_error err = {""};
        struct cg_snapshot *snapshot = load(failing[i].policy, NULL, NULL, &err);
        if (snapshot)
            fail_msg("%s: loaded", failing[i].sentence);
        if (!strstr(err.text, failing[i].words))
            fail_msg("%s: expected \"%s\", found \"%s\"", failing[i].sentence, failing[i].words, err.text);
    }
}

static void needs_exactly_one_source(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_snapshot_source none = {.policy = NULL}, both = {.policy = "a", .anchors = "b"};
    assert_null(cg_snapshot_load(&none, NULL, NOW, NULL, NULL, &err));
    assert_null(cg_snapshot_load(&both, NULL, NOW, NULL, NULL, &err));
}

static void loads_the_strict_default(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_snapshot_source source = {.anchors = in_folder("ca.pem"), .event_log = "/var/log/events"};
    struct cg_snapshot *snapshot = cg_snapshot_load(&source, NULL, NOW, NULL, NULL, &err);
    if (!snapshot)
        fail_msg("%s", err.text);
    assert_string_equal(snapshot->policy->log.file, "/var/log/events");
    assert_ptr_equal(snapshot->trust, snapshot->bridge_trust);
    assert_null(cg_snapshot_credential(snapshot, 8883));
    cg_snapshot_release(snapshot);
}

static void serves_credentials_by_port(void **state)
{
    (void)state;
    struct cg_snapshot *snapshot = load_well(
        "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"chain.pem\",\"key\":\"key.pem\"},"
        "\"server\":{\"names\":[\"localhost\",\"127.0.0.1\"]},"
        "\"listeners\":[{\"port\":1,\"credential\":null},{\"port\":2}]}",
        NULL);
    const struct cg_credential *base = cg_snapshot_credential(snapshot, 8883);
    assert_non_null(base);
    assert_int_equal(X509_cmp(base->leaf, cg_pki_cert(pki, "broker")), 0);
    assert_int_equal(sk_X509_num(base->chain), 1); /* the anchor is left out */
    assert_int_equal(X509_check_private_key(base->leaf, base->key), 1);
    assert_null(cg_snapshot_credential(snapshot, 1));
    assert_non_null(cg_snapshot_credential(snapshot, 2));
    assert_ptr_equal(cg_snapshot_take(snapshot), snapshot);
    cg_snapshot_release(snapshot);
    assert_non_null(cg_snapshot_credential(snapshot, 2)); /* one reference is left */
    cg_snapshot_release(snapshot);
    cg_snapshot_release(NULL);
}

static void audit_lets_a_doubtful_credential_pass(void **state)
{
    (void)state;
    cg_snapshot_release(load_well("{\"mode\":\"audit\",\"trust\":{\"anchors\":\"ca.pem\"},"
                                  "\"credential\":{\"chain\":\"expired.pem\",\"key\":\"expired.key\"}}",
                                  NULL));
}

static bool has_path(const struct cg_stamps *stamps, const char *name)
{
    for (size_t i = 0; i < stamps->count; i++)
        if (strcmp(stamps->item[i].path, in_folder(name)) == 0)
            return true;
    return false;
}

static void says_what_to_watch_on_failure_too(void **state)
{
    (void)state;
    struct cg_stamps seen = {NULL, 0};
    struct cg_error err = {""};
    assert_null(load(CREDENTIAL("chain.pem", "none.pem"), NULL, &seen, &err));
    assert_int_equal(seen.count, 4);
    assert_true(has_path(&seen, "policy.json"));
    assert_true(has_path(&seen, "ca.pem"));
    assert_true(has_path(&seen, "chain.pem"));
    assert_true(has_path(&seen, "none.pem"));
    cg_stamps_clear(&seen);
}

static void shares_trust_that_did_not_change(void **state)
{
    (void)state;
    static const char
        policy[] = "{\"trust\":{\"anchors\":\"ca.pem\"},\"bridge\":{\"trust\":{\"anchors\":\"other.pem\"}}}";
    struct cg_snapshot *first = load_well(policy, NULL), *second = load_well(policy, first);
    assert_ptr_equal(first->trust, second->trust);
    assert_ptr_equal(first->bridge_trust, second->bridge_trust);
    assert_ptr_not_equal(first->trust, first->bridge_trust);
    cg_snapshot_release(first);
    assert_int_equal(sk_X509_num(cg_trust_anchors(second->trust)), 1);

    assert_int_equal(unlink(in_folder("ca.pem")), 0);
    cg_pki_write(pki, folder, "ca.pem", "root other");
    struct cg_snapshot *third = load_well(policy, second);
    assert_ptr_not_equal(second->trust, third->trust);
    assert_ptr_equal(second->bridge_trust, third->bridge_trust);
    assert_int_equal(sk_X509_num(cg_trust_anchors(third->trust)), 2);
    cg_snapshot_release(second);
    cg_snapshot_release(third);
    cg_pki_write(pki, folder, "ca.pem", "root");
}

static void refuses_an_older_crl(void **state)
{
    (void)state;
    static const char policy[] = "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"list.crl\"}}";
    struct cg_error err = {""};
    cg_pki_write(pki, folder, "list.crl", "list");
    struct cg_snapshot *first = load_well(policy, NULL);
    assert_true(first->policy->base.client.crl_required);
    cg_pki_write(pki, folder, "list.crl", "older");
    assert_null(load(policy, first, NULL, &err));
    assert_true(err.text[0] != '\0');
    cg_pki_write(pki, folder, "list.crl", "list");
    cg_snapshot_release(load_well(policy, first));
    cg_snapshot_release(first);
}

static void a_new_certificate_keeps_the_names(void **state)
{
    (void)state;
    static const char plain[] = "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"chain.pem\",\"key\":"
                                "\"key.pem\"}}";
    static const char listed[] = "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"chain.pem\",\"key\":"
                                 "\"key.pem\"},\"server\":{\"names\":[\"localhost\"]}}";
    struct cg_error err = {""};
    struct cg_snapshot *first = load_well(plain, NULL);
    cg_pki_make(pki, "fewer: server issuer=mid key=@broker san=dns:localhost\n"
                     "more: server issuer=mid key=@broker san=dns:localhost,ip:127.0.0.1,dns:broker.lan\n");
    cg_pki_write(pki, folder, "chain.pem", "fewer mid");
    assert_null(load(plain, first, NULL, &err));
    assert_non_null(strstr(err.text, "none like ip:127.0.0.1"));
    cg_snapshot_release(load_well(listed, first));
    cg_pki_write(pki, folder, "chain.pem", "more mid");
    cg_snapshot_release(load_well(plain, first));
    cg_snapshot_release(first);
    cg_pki_write(pki, folder, "chain.pem", "broker mid root");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_with_words),
        cmocka_unit_test(needs_exactly_one_source),
        cmocka_unit_test(loads_the_strict_default),
        cmocka_unit_test(serves_credentials_by_port),
        cmocka_unit_test(audit_lets_a_doubtful_credential_pass),
        cmocka_unit_test(says_what_to_watch_on_failure_too),
        cmocka_unit_test(shares_trust_that_did_not_change),
        cmocka_unit_test(refuses_an_older_crl),
        cmocka_unit_test(a_new_certificate_keeps_the_names),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
