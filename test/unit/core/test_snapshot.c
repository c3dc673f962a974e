/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Loading of snapshots and credentials: what fails and with which error, what is put on hold, what is watched,
 * ownership. */
#include "core/own_certificate.h"
#include "snapshot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include <cmocka.h>

static struct cg_pki *pki;
static const char *folder;

static void write_encrypted_key(const char *name)
{
    FILE *f = fopen(cg_scratch_path(name), "w");
    char passphrase[] = "secret";
    assert_non_null(f);
    assert_int_equal(PEM_write_PKCS8PrivateKey(f, cg_pki_key(pki, "broker"), EVP_aes_256_cbc(), passphrase,
                                               (int)strlen(passphrase), NULL, NULL),
                     1);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(cg_scratch_path(name), 0600), 0);
}

static int make_files(void **state)
{
    (void)state;
    pki = fixture_open("snapshot");
    folder = cg_scratch_folder();
    cg_pki_write(pki, folder, "ca.pem", "root");
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
    assert_int_equal(chmod(cg_scratch_path("open.key"), 0644), 0);
    write_encrypted_key("encrypted.key");
    cg_scratch_write("garbage.pem", "garbage");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    fixture_close();
    return 0;
}

#define CREDENTIAL(chain, key)                                                                                         \
    "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"" chain "\",\"key\":\"" key "\"}}"

static const struct {
    const char *sentence, *policy, *words;
} failing[] = {
    {"a policy that is wrong", "{\"trust\":1}", "policy.json: $.trust: expected an object"},
    {"no anchors", "{}", "Add \"trust\": {\"anchors\""},
    {"anchors that are missing", "{\"trust\":{\"anchors\":\"none.pem\"}}", "none.pem: no such file"},
    {"anchors that are garbage", "{\"trust\":{\"anchors\":\"garbage.pem\"}}", "garbage.pem: expected certificates"},
    {"a missing chain", CREDENTIAL("none.pem", "key.pem"), "none.pem: no such file"},
    {"a missing key", CREDENTIAL("chain.pem", "none.pem"), "none.pem: no such file"},
    {"chain and key of two certificates", CREDENTIAL("chain.pem", "client.key"), "belongs to none of its certificates"},
    {"an intermediate before the leaf", CREDENTIAL("reversed.pem", "key.pem"),
     "Put the broker's own certificate first"},
    {"an encrypted key", CREDENTIAL("chain.pem", "encrypted.key"), "is encrypted"},
    {"a key that everyone may read", CREDENTIAL("chain.pem", "open.key"), "fix: chmod 0640"},
    {"a certificate where the key should be", CREDENTIAL("chain.pem", "chain.pem"), "expected a private key in PEM"},
    {"a key where the chain should be", CREDENTIAL("key.pem", "key.pem"), "contains a private key"},
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
    assert_int_equal(chmod(cg_scratch_path("chain.pem"), 0600), 0);
    assert_int_equal(chmod(cg_scratch_path("garbage.pem"), 0600), 0);
    for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
        struct cg_error err = {""};
        struct cg_snapshot *snapshot = fixture_load(failing[i].policy, NULL, &err);
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
    assert_null(cg_snapshot_load(&none, NULL, FIXTURE_NOW, NULL, NULL, &err));
    assert_null(cg_snapshot_load(&both, NULL, FIXTURE_NOW, NULL, NULL, &err));
}

static void loads_the_strict_default(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_snapshot_source source = {.anchors = cg_scratch_path("ca.pem"), .event_log = "/var/log/events"};
    struct cg_snapshot *snapshot = cg_snapshot_load(&source, NULL, FIXTURE_NOW, NULL, NULL, &err);
    if (!snapshot)
        fail_msg("%s", err.text);
    assert_string_equal(snapshot->policy->log.file, "/var/log/events");
    assert_ptr_equal(snapshot->trust, snapshot->bridge_trust);
    assert_null(cg_snapshot_credentials(snapshot, 8883)->item[0]);
    cg_snapshot_free(snapshot);
}

static void serves_credentials_by_port(void **state)
{
    (void)state;
    struct cg_snapshot *snapshot = fixture_load_well(
        "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"chain.pem\",\"key\":\"key.pem\"},"
        "\"server\":{\"names\":[\"localhost\",\"127.0.0.1\"]},"
        "\"listeners\":[{\"port\":1,\"credential\":null},{\"port\":2}]}");
    const struct cg_credential *base = cg_snapshot_credentials(snapshot, 8883)->item[0];
    assert_non_null(base);
    assert_int_equal(X509_cmp(base->leaf, cg_pki_cert(pki, "broker")), 0);
    assert_int_equal(sk_X509_num(base->chain), 1); /* the anchor is left out */
    assert_int_equal(X509_check_private_key(base->leaf, base->key), 1);
    assert_null(cg_snapshot_credentials(snapshot, 1)->item[0]);
    assert_non_null(cg_snapshot_credentials(snapshot, 2)->item[0]);
    assert_ptr_equal(cg_snapshot_ref(snapshot), snapshot);
    cg_snapshot_free(snapshot);
    assert_non_null(cg_snapshot_credentials(snapshot, 2)->item[0]); /* one reference is left */
    cg_snapshot_free(snapshot);
    cg_snapshot_free(NULL);
}

static void audit_accepts_a_faulty_credential(void **state)
{
    (void)state;
    cg_snapshot_free(fixture_load_well("{\"mode\":\"audit\",\"trust\":{\"anchors\":\"ca.pem\"},"
                                       "\"credential\":{\"chain\":\"expired.pem\",\"key\":\"expired.key\"}}"));
}

/* At start: on request, a credential that is refused only for its dates is loaded and put on hold. No other
 * credential is. */
static const struct {
    const char *sentence, *policy;
    int64_t now;
    bool hold, loaded;
    enum cg_reason fault;
} starts[] = {
    {"expired, for the tool", CREDENTIAL("expired.pem", "expired.key"), FIXTURE_NOW, false, false, CG_REASON_EXPIRED},
    {"expired", CREDENTIAL("expired.pem", "expired.key"), FIXTURE_NOW, true, true, CG_REASON_OK},
    {"a clock of 1970", CREDENTIAL("chain.pem", "key.pem"), 10, true, true, CG_REASON_OK},
    {"a lapsed CRL",
     "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"lapsed.crl\"},\"credential\":{\"chain\":\"direct.pem\","
     "\"key\":\"direct.key\"}}",
     FIXTURE_NOW, true, true, CG_REASON_OK},
    {"untrusted", CREDENTIAL("stranger.pem", "stranger.key"), FIXTURE_NOW, true, false, CG_REASON_UNTRUSTED},
    {"a client's", CREDENTIAL("client.pem", "client.key"), FIXTURE_NOW, true, false, CG_REASON_WRONG_PURPOSE},
    {"a client's, and a clock of 1970", CREDENTIAL("client.pem", "client.key"), 10, true, false,
     CG_REASON_WRONG_PURPOSE},
    {"a key of another one", CREDENTIAL("chain.pem", "client.key"), FIXTURE_NOW, true, false,
     CG_REASON_CREDENTIAL_INVALID},
    {"a key that others may read", CREDENTIAL("chain.pem", "open.key"), FIXTURE_NOW, true, false,
     CG_REASON_CREDENTIAL_INVALID},
    {"expired, and that of a listener is missing",
     "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"expired.pem\",\"key\":\"expired.key\"},"
     "\"listeners\":[{\"port\":1,\"credential\":{\"chain\":\"none.pem\",\"key\":\"key.pem\"}}]}",
     FIXTURE_NOW, true, false, CG_REASON_CREDENTIAL_INVALID},
};

static void faults_of_time_refuse_no_start(void **state)
{
    (void)state;
    cg_pki_make(pki, "direct: server issuer=root\n"
                     "lapsed: crl issuer=root number=3 days=-9..-1\n");
    cg_pki_write(pki, folder, "direct.pem", "direct");
    cg_pki_write_key(pki, folder, "direct.key", "direct");
    cg_pki_write(pki, folder, "lapsed.crl", "lapsed");
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct cg_error err = {""};
        enum cg_reason fault = CG_REASON_OK;
        cg_scratch_write("policy.json", starts[i].policy);
        struct cg_snapshot_source source = {.policy = cg_scratch_path("policy.json"), .hold = starts[i].hold};
        struct cg_snapshot *snapshot = cg_snapshot_load(&source, NULL, starts[i].now, NULL, &fault, &err);
        if (!snapshot != !starts[i].loaded || fault != starts[i].fault)
            fail_msg("%s: %s, %s", starts[i].sentence, cg_reason_row(fault)->code, err.text);
        if (snapshot) {
            assert_true(cg_credential_is_held(snapshot->credentials[0].item[0]));
            cg_credential_release(snapshot->credentials[0].item[0]);
            assert_false(cg_credential_is_held(snapshot->credentials[0].item[0]));
        } else if (!strstr(err.text, cg_reason_fix(fault, CG_OF_BROKER)) && fault != CG_REASON_CREDENTIAL_INVALID) {
            fail_msg("%s: the fix is another one: %s", starts[i].sentence, err.text);
        }
        cg_snapshot_free(snapshot);
    }
}

static bool has_path(const struct cg_file_states *file_states, const char *name)
{
    for (size_t i = 0; i < file_states->count; i++)
        if (strcmp(file_states->item[i].path, cg_scratch_path(name)) == 0)
            return true;
    return false;
}

static void lists_files_to_watch_after_a_failure(void **state)
{
    (void)state;
    struct cg_file_states seen = {NULL, 0};
    struct cg_error err = {""};
    assert_null(fixture_load(CREDENTIAL("chain.pem", "none.pem"), &seen, &err));
    assert_int_equal(seen.count, 4);
    assert_true(has_path(&seen, "policy.json"));
    assert_true(has_path(&seen, "ca.pem"));
    assert_true(has_path(&seen, "chain.pem"));
    assert_true(has_path(&seen, "none.pem"));
    cg_file_states_clear(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_with_words),
        cmocka_unit_test(needs_exactly_one_source),
        cmocka_unit_test(loads_the_strict_default),
        cmocka_unit_test(serves_credentials_by_port),
        cmocka_unit_test(audit_accepts_a_faulty_credential),
        cmocka_unit_test(faults_of_time_refuse_no_start),
        cmocka_unit_test(lists_files_to_watch_after_a_failure),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
