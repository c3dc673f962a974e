/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Snapshots and credentials: what fails a load and with which words, what is watched, what is shared, who frees. */
#include "core/own_certificate.h"
#include "core/snapshot.h"
#include "lib/pki_maker.h"
#include "lib/scratch.h"

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
    folder = cg_scratch_open("snapshot");
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
    assert_int_equal(chmod(cg_scratch_path("open.key"), 0644), 0);
    write_encrypted_key("encrypted.key");
    cg_scratch_write("garbage.pem", "garbage");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    cg_pki_free(pki);
    cg_scratch_close();
    return 0;
}

static struct cg_snapshot *load(const char *policy, struct cg_stamps *seen, struct cg_error *err)
{
    cg_scratch_write("policy.json", policy);
    struct cg_snapshot_source source = {.policy = cg_scratch_path("policy.json")};
    return cg_snapshot_load(&source, NULL, NOW, seen, NULL, err);
}

static struct cg_snapshot *load_well(const char *policy)
{
    struct cg_error err = {""};
    struct cg_snapshot *snapshot = load(policy, NULL, &err);
    if (!snapshot)
        fail_msg("%s\n%s", policy, err.text);
    return snapshot;
}

static struct cg_faults faults;

/* As the watching thread does it: what is new, or the same snapshot again; either is the caller's. */
static struct cg_snapshot *reload(const char *policy, struct cg_snapshot *previous)
{
    if (policy)
        cg_scratch_write("policy.json", policy);
    struct cg_snapshot_source source = {.policy = cg_scratch_path("policy.json")};
    cg_faults_clear(&faults);
    struct cg_snapshot *fresh = cg_snapshot_reload(&source, NULL, previous, NOW, NULL, &faults);
    return fresh ? fresh : cg_snapshot_take(previous);
}

static void told(size_t count, const char *words)
{
    bool found = !words;
    for (size_t i = 0; i < faults.count; i++)
        found = found || strstr(faults.item[i].error.text, words);
    if (faults.count != count || !found)
        fail_msg("expected %zu faults with '%s', found %zu: %s", count, words ? words : "", faults.count,
                 faults.count ? faults.item[0].error.text : "");
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
    assert_int_equal(chmod(cg_scratch_path("chain.pem"), 0600), 0);
    assert_int_equal(chmod(cg_scratch_path("garbage.pem"), 0600), 0);
    for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
        struct cg_error err = {""};
        struct cg_snapshot *snapshot = load(failing[i].policy, NULL, &err);
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
    struct cg_snapshot_source source = {.anchors = cg_scratch_path("ca.pem"), .event_log = "/var/log/events"};
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
        "\"listeners\":[{\"port\":1,\"credential\":null},{\"port\":2}]}");
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
                                  "\"credential\":{\"chain\":\"expired.pem\",\"key\":\"expired.key\"}}"));
}

/* At the start: what time cures is loaded and held where that is asked for, and nothing else is. */
static const struct {
    const char *sentence, *policy;
    int64_t now;
    bool hold, loaded;
    enum cg_reason fault;
} starts[] = {
    {"expired, for the tool", CREDENTIAL("expired.pem", "expired.key"), NOW, false, false, CG_REASON_EXPIRED},
    {"expired", CREDENTIAL("expired.pem", "expired.key"), NOW, true, true, CG_REASON_OK},
    {"a clock of 1970", CREDENTIAL("chain.pem", "key.pem"), 10, true, true, CG_REASON_OK},
    {"a lapsed CRL",
     "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"lapsed.crl\"},\"credential\":{\"chain\":\"direct.pem\","
     "\"key\":\"direct.key\"}}",
     NOW, true, true, CG_REASON_OK},
    {"untrusted", CREDENTIAL("stranger.pem", "stranger.key"), NOW, true, false, CG_REASON_UNTRUSTED},
    {"a client's", CREDENTIAL("client.pem", "client.key"), NOW, true, false, CG_REASON_WRONG_PURPOSE},
    {"a client's, and a clock of 1970", CREDENTIAL("client.pem", "client.key"), 10, true, false,
     CG_REASON_WRONG_PURPOSE},
    {"a key of another one", CREDENTIAL("chain.pem", "client.key"), NOW, true, false, CG_REASON_CREDENTIAL_INVALID},
    {"a key that others may read", CREDENTIAL("chain.pem", "open.key"), NOW, true, false, CG_REASON_CREDENTIAL_INVALID},
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
            assert_true(cg_credential_is_held(snapshot->base_credential));
            cg_credential_let_go(snapshot->base_credential);
            assert_false(cg_credential_is_held(snapshot->base_credential));
        } else if (!strstr(err.text, cg_own_hint(fault)) && fault != CG_REASON_CREDENTIAL_INVALID) {
            fail_msg("%s: the hint is another one: %s", starts[i].sentence, err.text);
        }
        cg_snapshot_release(snapshot);
    }
}

static bool has_path(const struct cg_stamps *stamps, const char *name)
{
    for (size_t i = 0; i < stamps->count; i++)
        if (strcmp(stamps->item[i].path, cg_scratch_path(name)) == 0)
            return true;
    return false;
}

static void says_what_to_watch_on_failure_too(void **state)
{
    (void)state;
    struct cg_stamps seen = {NULL, 0};
    struct cg_error err = {""};
    assert_null(load(CREDENTIAL("chain.pem", "none.pem"), &seen, &err));
    assert_int_equal(seen.count, 4);
    assert_true(has_path(&seen, "policy.json"));
    assert_true(has_path(&seen, "ca.pem"));
    assert_true(has_path(&seen, "chain.pem"));
    assert_true(has_path(&seen, "none.pem"));
    cg_stamps_clear(&seen);
}

static void shares_what_did_not_change(void **state)
{
    (void)state;
    static const char
        policy[] = "{\"trust\":{\"anchors\":\"ca.pem\"},\"bridge\":{\"trust\":{\"anchors\":\"other.pem\"}}}";
    struct cg_snapshot *first = load_well(policy), *second = reload(policy, first);
    assert_ptr_equal(first, second); /* nothing is new */
    assert_ptr_not_equal(first->trust, first->bridge_trust);
    cg_snapshot_release(second);

    assert_int_equal(unlink(cg_scratch_path("ca.pem")), 0);
    cg_pki_write(pki, folder, "ca.pem", "root other");
    second = reload(policy, first);
    told(0, NULL);
    assert_ptr_not_equal(first->trust, second->trust);
    assert_ptr_equal(first->bridge_trust, second->bridge_trust);
    assert_ptr_equal(first->policy, second->policy);
    assert_int_equal(sk_X509_num(cg_trust_anchors(second->trust)), 2);
    cg_snapshot_release(first);
    assert_int_equal(sk_X509_num(cg_trust_anchors(second->bridge_trust)), 1);
    cg_snapshot_release(second);
    cg_pki_write(pki, folder, "ca.pem", "root");
}

/* The cRLNumber, in hex, of the CRL of an issuer; "" for none. */
static const char *number_of(const struct cg_snapshot *snapshot, const char *issuer)
{
    static struct cg_crl_info info;
    const struct cg_crl_set *set = cg_trust_crls(snapshot->trust);
    for (size_t i = 0; i < cg_crl_set_count(set); i++) {
        cg_crl_set_info(set, i, &info);
        if (strcmp(info.issuer, issuer) == 0)
            return info.number;
    }
    return "";
}

#define ALL                                                                                                            \
    "{\"trust\":{\"anchors\":\"ca.pem\",\"intermediates\":\"mid.pem\",\"crls\":[\"list.crl\",\"mid.crl\"]},"           \
    "\"credential\":{\"chain\":\"chain.pem\",\"key\":\"key.pem\"}"
#define POLICY ALL "}"

static struct cg_snapshot *start_with_all(void)
{
    cg_pki_write(pki, folder, "mid.pem", "mid");
    cg_pki_write(pki, folder, "list.crl", "list");
    cg_pki_write(pki, folder, "mid.crl", "midlist");
    cg_pki_write(pki, folder, "chain.pem", "broker mid root");
    cg_pki_write_key(pki, folder, "key.pem", "broker");
    cg_pki_write(pki, folder, "ca.pem", "root");
    return load_well(POLICY);
}

/* One part is bad, and a new CRL comes. What is wrong stays what it was, and the revocation gets through. */
static const struct {
    const char *sentence, *policy; /* NULL: as it is */
    const char *file;              /* gets garbage; NULL: none */
    const char *gone;              /* is removed; NULL: none */
    const char *words;
    size_t faults;
} parts[] = {
    {"the key is gone", NULL, NULL, "key.pem", "key.pem: no such file", 1},
    {"the chain is garbage", NULL, "chain.pem", NULL, "chain.pem: expected", 1},
    {"the anchors are garbage", NULL, "ca.pem", NULL, "ca.pem: expected certificates", 1},
    {"the anchors are gone", NULL, NULL, "ca.pem", "ca.pem: no such file", 1},
    {"the intermediates are gone", NULL, NULL, "mid.pem", "mid.pem: no such file", 1},
    {"the policy is wrong", "{\"trust\":1}", NULL, NULL, "$.trust: expected an object", 1},
    {"the policy is gone", NULL, NULL, "policy.json", "policy.json: no such file", 1},
    {"the policy is new, and its trust is not there", "{\"trust\":{\"anchors\":\"none.pem\"},\"crls\":[]}", NULL, NULL,
     "$.crls", 1},
    {"the policy is new, and its anchors are not there", "{\"trust\":{\"anchors\":\"none.pem\"},\"plain\":\"allow\"}",
     NULL, NULL, "policy.json: the changed policy is not taken: ", 1},
    {"the policy is new, and one of its CRLs is not there",
     "{\"trust\":{\"anchors\":\"ca.pem\",\"intermediates\":\"mid.pem\",\"crls\":[\"list.crl\",\"none.crl\"]}}", NULL,
     NULL, "none.crl: no such file", 1},
    {"the CRL of another CA is garbage", NULL, "mid.crl", NULL, "mid.crl: expected a CRL", 2},
    {"the CRL of another CA is gone", NULL, NULL, "mid.crl", "number 1 stays in use", 2},
};

static void each_part_by_itself(void **state)
{
    (void)state;
    cg_pki_make(pki, "next: crl issuer=root number=8");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct cg_snapshot *first = start_with_all();
        if (parts[i].file) {
            unlink(cg_scratch_path(parts[i].file));
            cg_scratch_write(parts[i].file, "garbage");
            chmod(cg_scratch_path(parts[i].file), 0600);
        }
        if (parts[i].policy)
            cg_scratch_write("policy.json", parts[i].policy);
        if (parts[i].gone)
            unlink(cg_scratch_path(parts[i].gone));
        cg_pki_write(pki, folder, "list.crl", "next");
        struct cg_snapshot *second = reload(NULL, first);
        if (strcmp(number_of(second, "CN=root"), "08") != 0 && strcmp(number_of(second, "CN=root"), "8") != 0)
            fail_msg("%s: the new CRL was not taken: %s", parts[i].sentence,
                     faults.count ? faults.item[0].error.text : "");
        if (strcmp(number_of(second, "CN=mid"), "1") != 0)
            fail_msg("%s: the other CRL is lost", parts[i].sentence);
        told(parts[i].faults, parts[i].words);
        assert_ptr_equal(second->policy, first->policy);
        assert_ptr_equal(second->base_credential, first->base_credential);
        assert_int_equal(sk_X509_num(cg_trust_anchors(second->trust)), 1);
        struct cg_snapshot *third = reload(NULL, second); /* it stays so, and is told again and again */
        assert_ptr_equal(third, second);
        told(parts[i].faults, parts[i].words);
        cg_snapshot_release(third);
        cg_snapshot_release(second);
        cg_snapshot_release(first);
    }
    cg_faults_clear(&faults);
}

/* What is mended is taken, though nothing else changed. */
static void a_part_that_is_mended_is_taken(void **state)
{
    (void)state;
    struct cg_snapshot *first = start_with_all();
    unlink(cg_scratch_path("chain.pem"));
    struct cg_snapshot *second = reload(NULL, first);
    assert_ptr_equal(second, first);
    told(1, "chain.pem");
    cg_pki_make(pki, "renewed: server issuer=mid key=@broker serial=0x77");
    cg_pki_write(pki, folder, "chain.pem", "renewed mid root");
    struct cg_snapshot *third = reload(NULL, second);
    told(0, NULL);
    assert_int_equal(X509_cmp(third->base_credential->leaf, cg_pki_cert(pki, "renewed")), 0);
    assert_ptr_equal(third->trust, first->trust);
    cg_snapshot_release(third);
    cg_snapshot_release(second);
    cg_snapshot_release(first);
}

/* Trust that no longer takes the credential in use takes effect; the credential serves on, and that is told. */
static void revoking_the_brokers_certificate_holds_nothing_up(void **state)
{
    (void)state;
    struct cg_snapshot *first = start_with_all();
    cg_pki_make(pki, "mid2: crl issuer=mid number=2 revoke=broker");
    cg_pki_write(pki, folder, "mid.crl", "mid2");
    struct cg_snapshot *second = reload(NULL, first);
    told(1, "in use is not accepted any more, and still served: revoked");
    assert_string_equal(number_of(second, "CN=mid"), "2");
    assert_ptr_equal(second->base_credential, first->base_credential);
    cg_pki_make(pki, "mid3: crl issuer=mid number=3 revoke=broker,client");
    cg_pki_write(pki, folder, "mid.crl", "mid3");
    struct cg_snapshot *third = reload(NULL, second);
    told(1, "still served: revoked");
    assert_string_equal(number_of(third, "CN=mid"), "3");
    cg_snapshot_release(third);
    cg_snapshot_release(second);
    cg_snapshot_release(first);
}

/* A new file that is no good, and trust that no longer fits: each time the credential in use stays. */
static const struct {
    const char *sentence;
    const char *chain, *key, *crl, *anchor; /* entries of the PKI; NULL: as it is */
    bool open_key;
    int64_t now;
    const char *words;
} unfit[] = {
    {"expired", "expired mid", "expired", NULL, NULL, false, NOW, "refused by the server policy: expired"},
    {"not yet valid", "future mid", "future", NULL, NULL, false, NOW, "refused by the server policy: not_yet_valid"},
    {"untrusted", "stranger", "stranger", NULL, NULL, false, NOW, "refused by the server policy: untrusted"},
    {"a CRL that has lapsed", "again mid root", NULL, "lapsing", NULL, false, NOW + 8 * 86400,
     "refused by the server policy: crl_expired"},
    {"a clock of 1970", "again mid root", NULL, NULL, NULL, false, 10,
     "refused by the server policy: crl_not_yet_valid"},
    {"a key that others may read", NULL, "broker", NULL, NULL, true, NOW, "only its owner"},
    {"a key of another one", NULL, "client", NULL, NULL, false, NOW, "belongs to none"},
    {"its CA is not trusted any more", NULL, NULL, NULL, "other", false, NOW, "still served: untrusted"},
};

static void what_is_in_use_stays(void **state)
{
    (void)state;
    cg_pki_make(pki, "future: server issuer=mid days=1..9\n"
                     "again: server issuer=mid key=@broker serial=0x78\n"
                     "lapsing: crl issuer=mid number=9\n");
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        struct cg_snapshot *first = start_with_all();
        if (unfit[i].chain)
            cg_pki_write(pki, folder, "chain.pem", unfit[i].chain);
        if (unfit[i].key) {
            unlink(cg_scratch_path("key.pem"));
            cg_pki_write_key(pki, folder, "key.pem", unfit[i].key);
            assert_int_equal(chmod(cg_scratch_path("key.pem"), unfit[i].open_key ? 0644 : 0600), 0);
        }
        if (unfit[i].crl)
            cg_pki_write(pki, folder, "mid.crl", unfit[i].crl);
        if (unfit[i].anchor)
            cg_pki_write(pki, folder, "ca.pem", unfit[i].anchor);
        struct cg_snapshot_source source = {.policy = cg_scratch_path("policy.json"), .hold = true};
        cg_faults_clear(&faults);
        struct cg_snapshot *second = cg_snapshot_reload(&source, NULL, first, unfit[i].now, NULL, &faults);
        bool found = false;
        for (size_t j = 0; j < faults.count; j++)
            found = found || strstr(faults.item[j].error.text, unfit[i].words);
        if (!found)
            fail_msg("%s: %s", unfit[i].sentence, faults.count ? faults.item[0].error.text : "no fault");
        if (second)
            assert_ptr_equal(second->base_credential, first->base_credential);
        assert_false(cg_credential_is_held(first->base_credential));
        unlink(cg_scratch_path("key.pem"));
        cg_snapshot_release(second);
        cg_snapshot_release(first);
    }
    cg_faults_clear(&faults);
    cg_snapshot_release(start_with_all());
}

/* Absence is no state: what was in a folder and is gone stays, whatever else changes, and never goes back. */
static void a_crl_that_is_gone_stays(void **state)
{
    (void)state;
    static const char folder_policy[] = "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"crls\"}}";
    static const char other_policy[] = "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"crls\"},\"plain\":\"allow\"}";
    static const char other_ca[] = "{\"trust\":{\"anchors\":\"other.pem\",\"crls\":\"crls\"}}";
    static const char without[] = "{\"trust\":{\"anchors\":\"ca.pem\"}}";
    char *crls = strdup(cg_scratch_path("crls")), file[600];
    snprintf(file, sizeof file, "%s/a.crl", crls);
    assert_int_equal(mkdir(crls, 0755), 0);
    cg_pki_write(pki, crls, "a.crl", "list");
    struct cg_snapshot *first = load_well(folder_policy);
    unlink(file);
    struct cg_snapshot *second = reload(folder_policy, first);
    told(1, "it is in no file any more; number 7 stays in use");
    assert_ptr_equal(second, first);
    struct cg_snapshot *third = reload(other_policy, second);
    told(1, "number 7 stays in use");
    assert_string_equal(number_of(third, "CN=root"), "7");
    cg_pki_write(pki, crls, "a.crl", "older"); /* an older one after an absence */
    struct cg_snapshot *fourth = reload(other_policy, third);
    told(1, "cRLNumber 6 is older than 7");
    assert_string_equal(number_of(fourth, "CN=root"), "7");
    cg_pki_write(pki, crls, "a.crl", "list");
    struct cg_snapshot *fifth = reload(other_policy, fourth);
    told(0, NULL);
    unlink(file);
    struct cg_snapshot *sixth = reload(other_ca, fifth); /* CA and CRL go together */
    told(0, NULL);
    assert_int_equal(cg_crl_set_count(cg_trust_crls(sixth->trust)), 0);
    cg_snapshot_release(sixth);
    sixth = reload(without, fifth); /* nobody wants CRLs any more */
    told(0, NULL);
    assert_int_equal(cg_crl_set_count(cg_trust_crls(sixth->trust)), 0);
    cg_snapshot_release(sixth);
    cg_snapshot_release(fifth);
    cg_snapshot_release(fourth);
    cg_snapshot_release(third);
    cg_snapshot_release(second);
    cg_snapshot_release(first);
    rmdir(crls);
    free(crls);
}

static void files_of_crls_that_did_not_change_are_not_read_again(void **state)
{
    (void)state;
    struct cg_snapshot *first = start_with_all();
    cg_pki_make(pki, "again: crl issuer=root number=9");
    cg_pki_write(pki, folder, "list.crl", "again");
    struct cg_snapshot *second = reload(NULL, first);
    told(0, NULL);
    assert_ptr_not_equal(first->trust, second->trust);
    assert_int_equal(cg_crl_set_count(cg_trust_crls(second->trust)), 2);
    struct cg_snapshot *third = reload(NULL, second);
    assert_ptr_equal(third, second);
    cg_snapshot_release(third);
    cg_pki_write(pki, folder, "list.crl", "again"); /* the same bytes once more */
    cg_pki_write(pki, folder, "mid.pem", "mid");
    cg_pki_write(pki, folder, "chain.pem", "broker mid root");
    cg_pki_write_key(pki, folder, "key.pem", "broker");
    third = reload(NULL, second);
    told(0, NULL);
    assert_ptr_equal(third, second);
    cg_snapshot_release(third);
    cg_snapshot_release(second);
    cg_snapshot_release(first);
}

static void a_new_certificate_keeps_the_names(void **state)
{
    (void)state;
    static const char plain[] = "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"chain.pem\",\"key\":"
                                "\"key.pem\"}}";
    static const char listed[] = "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"chain.pem\",\"key\":"
                                 "\"key.pem\"},\"server\":{\"names\":[\"localhost\"]}}";
    cg_pki_write(pki, folder, "chain.pem", "broker mid root");
    struct cg_snapshot *first = load_well(plain);
    cg_pki_make(pki, "fewer: server issuer=mid key=@broker san=dns:localhost\n"
                     "more: server issuer=mid key=@broker san=dns:localhost,ip:127.0.0.1,dns:broker.lan\n");
    cg_pki_write(pki, folder, "chain.pem", "fewer mid");
    struct cg_snapshot *second = reload(plain, first);
    assert_ptr_equal(second, first);
    told(1, "none like ip:127.0.0.1");
    cg_snapshot_release(second);
    second = reload(listed, first);
    told(0, NULL);
    assert_ptr_not_equal(second->base_credential, first->base_credential);
    cg_snapshot_release(second);
    cg_pki_write(pki, folder, "chain.pem", "more mid");
    second = reload(plain, first);
    told(0, NULL);
    cg_snapshot_release(second);
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
        cmocka_unit_test(faults_of_time_refuse_no_start),
        cmocka_unit_test(says_what_to_watch_on_failure_too),
        cmocka_unit_test(shares_what_did_not_change),
        cmocka_unit_test(each_part_by_itself),
        cmocka_unit_test(a_part_that_is_mended_is_taken),
        cmocka_unit_test(revoking_the_brokers_certificate_holds_nothing_up),
        cmocka_unit_test(what_is_in_use_stays),
        cmocka_unit_test(a_crl_that_is_gone_stays),
        cmocka_unit_test(files_of_crls_that_did_not_change_are_not_read_again),
        cmocka_unit_test(a_new_certificate_keeps_the_names),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
