/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a reload does with each part of a snapshot: a new part is used, an unchanged part is shared, and an invalid
 * part keeps its previous state. */
#include "snapshot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct cg_pki *pki;
static const char *folder;

static int make_files(void **state)
{
    (void)state;
    pki = fixture_open("parts");
    folder = cg_scratch_folder();
    cg_pki_make(pki, "list: crl issuer=root number=7\n"
                     "older: crl issuer=root number=6\n"
                     "midlist: crl issuer=mid number=1\n");
    cg_pki_write(pki, folder, "ca.pem", "root");
    cg_pki_write(pki, folder, "other.pem", "other");
    cg_pki_write_key(pki, folder, "key.pem", "broker");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    fixture_close();
    return 0;
}

static void shares_what_did_not_change(void **state)
{
    (void)state;
    static const char
        policy[] = "{\"trust\":{\"anchors\":\"ca.pem\"},\"bridge\":{\"trust\":{\"anchors\":\"other.pem\"}}}";
    struct cg_snapshot *first = fixture_load_well(policy), *second = fixture_reload(policy, first);
    assert_ptr_equal(first, second); /* nothing is new */
    assert_ptr_not_equal(first->trust, first->bridge_trust);
    cg_snapshot_free(second);

    assert_int_equal(unlink(cg_scratch_path("ca.pem")), 0);
    cg_pki_write(pki, folder, "ca.pem", "root other");
    second = fixture_reload(policy, first);
    fixture_expect_faults(0, NULL);
    assert_ptr_not_equal(first->trust, second->trust);
    assert_ptr_equal(first->bridge_trust, second->bridge_trust);
    assert_ptr_equal(first->policy, second->policy);
    assert_int_equal(sk_X509_num(cg_trust_anchors(second->trust)), 2);
    cg_snapshot_free(first);
    assert_int_equal(sk_X509_num(cg_trust_anchors(second->bridge_trust)), 1);
    cg_snapshot_free(second);
    cg_pki_write(pki, folder, "ca.pem", "root");
}

/* A certificate of a public CA beside a private CA with CRLs: a fault of one part does not delay the others. */
static void the_trust_of_the_brokers_own_by_itself(void **state)
{
    (void)state;
    static const char policy[] = "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"list.crl\"},"
                                 "\"server\":{\"trust\":{\"anchors\":\"public.pem\"}},"
                                 "\"credential\":{\"chain\":\"public-chain.pem\",\"key\":\"public-key.pem\"}}";
    static const char *const bad[] = {NULL, "garbage", "-----BEGIN CERTIFICATE-----\nMIIB"};
    cg_pki_make(pki, "own: server issuer=other\nlater: crl issuer=root number=8");
    cg_pki_write(pki, folder, "public.pem", "other");
    cg_pki_write(pki, folder, "list.crl", "list");
    cg_pki_write(pki, folder, "public-chain.pem", "own");
    cg_pki_write_key(pki, folder, "public-key.pem", "own");
    struct cg_snapshot *first = fixture_load_well(policy);
    assert_ptr_not_equal(first->server_trust, first->trust);
    assert_ptr_equal(first->bridge_trust, first->trust);
    assert_false(first->policy->base.server.crl_required);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(unlink(cg_scratch_path("public.pem")), 0);
        if (bad[i])
            cg_scratch_write("public.pem", bad[i]);
        cg_pki_write(pki, folder, "list.crl", "later");
        struct cg_snapshot *second = fixture_reload(NULL, first);
        fixture_expect_faults(1, "public.pem: ");
        assert_ptr_not_equal(second->trust, first->trust); /* the new CRL */
        assert_int_equal(sk_X509_num(cg_trust_anchors(second->server_trust)), 1);
        assert_ptr_equal(second->credentials[0].item[0], first->credentials[0].item[0]);
        cg_pki_write(pki, folder, "public.pem", "other root");
        struct cg_snapshot *third = fixture_reload(NULL, second);
        fixture_expect_faults(0, NULL);
        assert_int_equal(sk_X509_num(cg_trust_anchors(third->server_trust)), 2);
        assert_ptr_equal(third->trust, second->trust);
        cg_snapshot_free(third);
        cg_snapshot_free(second);
        cg_pki_write(pki, folder, "list.crl", "list");
        cg_pki_write(pki, folder, "public.pem", "other");
    }
    unlink(cg_scratch_path("ca.pem")); /* and the other way round */
    cg_pki_write(pki, folder, "public.pem", "other root");
    struct cg_snapshot *last = fixture_reload(NULL, first);
    fixture_expect_faults(1, "ca.pem: no such file");
    assert_int_equal(sk_X509_num(cg_trust_anchors(last->server_trust)), 2);
    assert_int_equal(sk_X509_num(cg_trust_anchors(last->trust)), 1);
    cg_snapshot_free(last);
    cg_snapshot_free(first);
    cg_pki_write(pki, folder, "ca.pem", "root");
}

/* One issuing CA of a root that is not trusted. Its replacement must be an issuing CA too. */
static void an_intermediate_anchor_stays(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *content, *words;
    } bad[] = {{"gone", NULL, "issuing.pem: no such file"},
               {"its root", "mid root", "'CN=root' is a self-signed root"},
               {"a client", "client", "'CN=client' is not a CA"}};
    cg_pki_make(pki, "fresh: ca cn=fresh issuer=root");
    cg_pki_write(pki, folder, "issuing.pem", "mid");
    struct cg_snapshot *first = fixture_load_well("{\"trust\":{\"intermediate_anchors\":\"issuing.pem\"}}");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        unlink(cg_scratch_path("issuing.pem"));
        if (bad[i].content)
            cg_pki_write(pki, folder, "issuing.pem", bad[i].content);
        struct cg_snapshot *second = fixture_reload(NULL, first);
        assert_ptr_equal(second->trust, first->trust);
        fixture_expect_faults(1, bad[i].words);
        cg_snapshot_free(second);
    }
    cg_pki_write(pki, folder, "issuing.pem", "mid fresh");
    struct cg_snapshot *third = fixture_reload(NULL, first);
    fixture_expect_faults(0, NULL);
    assert_int_equal(sk_X509_num(cg_trust_anchors(third->trust)), 2);
    cg_snapshot_free(third);
    cg_snapshot_free(first);
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
    return fixture_load_well(POLICY);
}

/* One part is invalid, and there is a new CRL. The invalid part keeps its previous state, and the revocation takes
 * effect. */
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
     NULL, NULL, "policy.json: the changed policy is not used: ", 1},
    {"the policy is new, and one of its CRLs is not there",
     "{\"trust\":{\"anchors\":\"ca.pem\",\"intermediates\":\"mid.pem\",\"crls\":[\"list.crl\",\"none.crl\"]}}", NULL,
     NULL, "none.crl: no such file", 1},
    {"the CRL of another CA is garbage", NULL, "mid.crl", NULL, "mid.crl: expected a CRL", 2},
    {"the CRL of another CA is gone", NULL, NULL, "mid.crl", "It stays in use (number 1,", 2},
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
        struct cg_snapshot *second = fixture_reload(NULL, first);
        if (strcmp(number_of(second, "CN=root"), "08") != 0 && strcmp(number_of(second, "CN=root"), "8") != 0)
            fail_msg("%s: the new CRL was not taken: %s", parts[i].sentence, fixture_first_fault());
        if (strcmp(number_of(second, "CN=mid"), "1") != 0)
            fail_msg("%s: the other CRL is lost", parts[i].sentence);
        fixture_expect_faults(parts[i].faults, parts[i].words);
        assert_ptr_equal(second->policy, first->policy);
        assert_ptr_equal(second->credentials[0].item[0], first->credentials[0].item[0]);
        assert_int_equal(sk_X509_num(cg_trust_anchors(second->trust)), 1);
        struct cg_snapshot *third = fixture_reload(NULL, second); /* it stays so, and is reported each time */
        assert_ptr_equal(third, second);
        fixture_expect_faults(parts[i].faults, parts[i].words);
        cg_snapshot_free(third);
        cg_snapshot_free(second);
        cg_snapshot_free(first);
    }
}

/* A corrected part is loaded although nothing else has changed. */
static void a_corrected_part_is_loaded(void **state)
{
    (void)state;
    struct cg_snapshot *first = start_with_all();
    unlink(cg_scratch_path("chain.pem"));
    struct cg_snapshot *second = fixture_reload(NULL, first);
    assert_ptr_equal(second, first);
    fixture_expect_faults(1, "chain.pem");
    cg_pki_make(pki, "renewed: server issuer=mid key=@broker serial=0x77");
    cg_pki_write(pki, folder, "chain.pem", "renewed mid root");
    struct cg_snapshot *third = fixture_reload(NULL, second);
    fixture_expect_faults(0, NULL);
    assert_int_equal(X509_cmp(third->credentials[0].item[0]->leaf, cg_pki_cert(pki, "renewed")), 0);
    assert_ptr_equal(third->trust, first->trust);
    cg_snapshot_free(third);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

/* New trust that refuses the credential in use takes effect. The credential is still served, and that is reported. */
static void revoking_the_brokers_certificate_holds_nothing_up(void **state)
{
    (void)state;
    struct cg_snapshot *first = start_with_all();
    cg_pki_make(pki, "mid2: crl issuer=mid number=2 revoke=broker");
    cg_pki_write(pki, folder, "mid.crl", "mid2");
    struct cg_snapshot *second = fixture_reload(NULL, first);
    fixture_expect_faults(1, "in use is no longer accepted, but still served: revoked");
    assert_string_equal(number_of(second, "CN=mid"), "2");
    assert_ptr_equal(second->credentials[0].item[0], first->credentials[0].item[0]);
    cg_pki_make(pki, "mid3: crl issuer=mid number=3 revoke=broker,client");
    cg_pki_write(pki, folder, "mid.crl", "mid3");
    struct cg_snapshot *third = fixture_reload(NULL, second);
    fixture_expect_faults(1, "still served: revoked");
    assert_string_equal(number_of(third, "CN=mid"), "3");
    cg_pki_write(pki, folder, "chain.pem", "broker mid root"); /* what comes is one thing, what is served another */
    struct cg_snapshot *fourth = fixture_reload(NULL, third);
    fixture_expect_faults(2, "refused by the server policy: revoked");
    fixture_expect_faults(2, "still served: revoked");
    cg_snapshot_free(fourth);
    cg_snapshot_free(third);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

/* Another fault of the same rule is new. The same fault, seen later or in a newer CRL, is not. */
static const struct {
    const char *sentence, *policies[2]; /* what the rest of ALL continues with */
    const char *crls[2], *chain;        /* of mid; NULL: what is in use stays */
    bool is_new;
} again[] = {
    {"other names",
     {",\"server\":{\"names\":[\"a.example\"]}}", ",\"server\":{\"names\":[\"b.example\"]}}"},
     {"midlist", "midlist"},
     NULL,
     true},
    {"the same names",
     {",\"server\":{\"names\":[\"a.example\"]}}", ",\"server\":{\"names\":[\"a.example\"]},\"plain\":\"allow\"}"},
     {"midlist", "midlist"},
     NULL,
     false},
    {"revoked, and once more in the next CRL", {"}", "}"}, {"mid2", "mid3"}, NULL, false},
    {"an hour later", {"}", "}"}, {"midlist", "midlist"}, "late mid root", false},
};

static uint64_t key_at(const struct cg_snapshot *previous, int64_t now)
{
    struct cg_snapshot_source source = {.policy = cg_scratch_path("policy.json")};
    struct cg_faults faults = {0};
    struct cg_snapshot *fresh = cg_snapshot_reload(&source, NULL, previous, now, NULL, &faults);
    assert_int_equal(faults.count, 1);
    uint64_t key = faults.item[0].key;
    assert_int_not_equal(key, 0);
    cg_faults_clear(&faults);
    cg_snapshot_free(fresh);
    return key;
}

static void another_fault_of_a_rule_is_another_fault(void **state)
{
    (void)state;
    cg_pki_make(pki, "mid2: crl issuer=mid number=2 revoke=broker\nmid3: crl issuer=mid number=3 revoke=broker\n"
                     "late: server issuer=mid key=@broker days=-10..-1");
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        struct cg_snapshot *first = start_with_all();
        uint64_t keys[2];
        if (again[i].chain)
            cg_pki_write(pki, folder, "chain.pem", again[i].chain);
        for (int k = 0; k < 2; k++) {
            char policy[600];
            snprintf(policy, sizeof policy, "%s%s", ALL, again[i].policies[k]);
            cg_scratch_write("policy.json", policy);
            cg_pki_write(pki, folder, "mid.crl", again[i].crls[k]);
            keys[k] = key_at(first, FIXTURE_NOW + k * 3600);
        }
        if ((keys[0] != keys[1]) != again[i].is_new)
            fail_msg("%s: %s", again[i].sentence, again[i].is_new ? "no news" : "news");
        cg_snapshot_free(first);
    }
}

/* Reports name the file in use, not the one that was to replace it. */
static void what_is_in_use_bears_the_name_of_its_file(void **state)
{
    (void)state;
    static const char second_bad[] = ALL ",\"listeners\":[{\"port\":2,\"credential\":{\"chain\":\"alien.pem\",\"key\":"
                                         "\"alien.key\"}}]}";
    static const char
        moved[] = "{\"trust\":{\"anchors\":\"ca.pem\",\"intermediates\":\"mid.pem\",\"crls\":[\"list.crl\","
                  "\"mid.crl\"]},\"credential\":{\"chain\":\"moved.pem\",\"key\":\"key.pem\"}}";
    static const char second_names[] = ALL
        ",\"listeners\":[{\"port\":2,\"credential\":{\"chain\":\"alien.pem\",\"key\":"
        "\"alien.key\"},\"server\":{\"names\":[\"a.example\"]}}]}";
    cg_pki_make(pki, "mid4: crl issuer=mid number=4 revoke=broker");
    struct cg_snapshot *first = start_with_all();
    cg_pki_write(pki, folder, "alien.pem", "stranger");
    cg_pki_write_key(pki, folder, "alien.key", "stranger");
    struct cg_snapshot *second = fixture_reload(second_bad, first);
    fixture_expect_faults(1, "alien.pem: refused by the server policy: untrusted");
    assert_ptr_equal(second->credentials[1].item[0], first->credentials[0].item[0]);
    struct cg_snapshot *third = fixture_reload(second_names, second);
    fixture_expect_faults(2, "chain.pem: the certificate in use is no longer accepted, but still served: host_");
    cg_snapshot_free(third);
    cg_snapshot_free(second);
    cg_snapshot_free(first);

    first = start_with_all();
    cg_pki_write(pki, folder, "moved.pem", "broker mid root"); /* the same under another name */
    second = fixture_reload(moved, first);
    fixture_expect_faults(0, NULL);
    cg_pki_write(pki, folder, "mid.crl", "mid4");
    third = fixture_reload(NULL, second);
    fixture_expect_faults(1, "moved.pem: the certificate in use is no longer accepted");
    cg_snapshot_free(third);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
    cg_snapshot_free(start_with_all());
}

/* If listeners inherit the fault and the rule, it is reported once. A fault of only one listener names its port. */
static const struct {
    const char *sentence, *listeners, *recipe; /* of the new certificate */
    size_t faults;
    const char *words[2];
} inherited[] = {
    {"by all alike",
     "{\"port\":1},{\"port\":2}",
     "days=-10..-1",
     1,
     {"chain.pem: refused by the server policy: expired", ""}},
    {"by one for another reason",
     "{\"port\":1},{\"port\":2,\"server\":{\"names\":[\"localhost\"]}}",
     "days=-10..-1 san=dns:elsewhere",
     2,
     {"chain.pem: refused by the server policy: expired", "port 2: "}},
    {"by two of them alone",
     "{\"port\":1,\"server\":{\"min_remaining\":\"30d\"}},{\"port\":2,\"server\":{\"min_remaining\":\"30d\"}}",
     "days=-1..5",
     2,
     {"port 1: ", "port 2: "}},
};

static void each_listener_reports_its_own_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof inherited / sizeof *inherited; i++) {
        char policy[600], recipe[200];
        cg_snapshot_free(start_with_all());
        snprintf(policy, sizeof policy, "%s,\"listeners\":[%s]}", ALL, inherited[i].listeners);
        snprintf(recipe, sizeof recipe, "refused: server issuer=mid key=@broker %s", inherited[i].recipe);
        struct cg_snapshot *first = fixture_load_well(policy);
        cg_pki_make(pki, recipe);
        cg_pki_write(pki, folder, "chain.pem", "refused mid root");
        struct cg_snapshot *second = fixture_reload(NULL, first);
        for (int k = 0; k < 2; k++)
            fixture_expect_faults(inherited[i].faults, inherited[i].words[k]);
        if ((strncmp(fixture_first_fault(), "port ", 5) == 0) != (strncmp(inherited[i].words[0], "port ", 5) == 0))
            fail_msg("%s: %s", inherited[i].sentence, fixture_first_fault());
        assert_ptr_equal(second->credentials[2].item[0], first->credentials[2].item[0]);
        cg_snapshot_free(second);
        cg_snapshot_free(first);
    }
}

/* The same leaf below a reissued certificate of its CA: clients must get the new chain. */
static void a_new_intermediate_in_the_chain_is_taken(void **state)
{
    (void)state;
    struct cg_snapshot *first = start_with_all();
    cg_pki_make(pki, "mid-again: ca cn=mid issuer=root key=@mid serial=0x79");
    cg_pki_write(pki, folder, "chain.pem", "broker mid-again root");
    struct cg_snapshot *second = fixture_reload(NULL, first);
    fixture_expect_faults(0, NULL);
    assert_int_equal(sk_X509_num(second->credentials[0].item[0]->chain), 1);
    assert_int_equal(X509_cmp(sk_X509_value(second->credentials[0].item[0]->chain, 0), cg_pki_cert(pki, "mid-again")),
                     0);
    cg_pki_write(pki, folder, "chain.pem", "broker mid-again mid"); /* both, and one of them again */
    struct cg_snapshot *third = fixture_reload(NULL, second);
    assert_int_equal(sk_X509_num(third->credentials[0].item[0]->chain), 2);
    cg_pki_write(pki, folder, "chain.pem", "broker mid-again");
    struct cg_snapshot *fourth = fixture_reload(NULL, third);
    assert_int_equal(sk_X509_num(fourth->credentials[0].item[0]->chain), 1);
    cg_snapshot_free(fourth);
    cg_snapshot_free(third);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

/* It stays on hold until it is valid and is not served before, whatever else changes. */
static void one_that_is_held_is_not_said_to_be_served(void **state)
{
    (void)state;
    cg_snapshot_free(start_with_all());
    cg_pki_write(pki, folder, "chain.pem", "expired mid root");
    cg_pki_write_key(pki, folder, "key.pem", "expired");
    struct cg_snapshot_source source = {.policy = cg_scratch_path("policy.json"), .hold = true};
    struct cg_error err = {""};
    struct cg_snapshot *first = cg_snapshot_load(&source, NULL, FIXTURE_NOW, NULL, NULL, &err);
    if (!first)
        fail_msg("%s", err.text);
    cg_pki_make(pki, "tenth: crl issuer=root number=10");
    cg_pki_write(pki, folder, "list.crl", "tenth");
    struct cg_snapshot *second = fixture_reload(NULL, first);
    fixture_expect_faults(0, NULL);
    assert_ptr_not_equal(second, first);
    assert_ptr_equal(second->credentials[0].item[0], first->credentials[0].item[0]);
    assert_true(cg_credential_is_held(second->credentials[0].item[0]));
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

/* An invalid new file, and trust that no longer accepts the credential: each time, the credential in use stays. */
static const struct {
    const char *sentence;
    const char *chain, *key, *crl, *anchor; /* entries of the PKI; NULL: as it is */
    bool open_key;
    int64_t now;
    const char *words;
} unfit[] = {
    {"expired", "expired mid", "expired", NULL, NULL, false, FIXTURE_NOW, "refused by the server policy: expired"},
    {"not yet valid", "future mid", "future", NULL, NULL, false, FIXTURE_NOW,
     "refused by the server policy: not_yet_valid"},
    {"untrusted", "stranger", "stranger", NULL, NULL, false, FIXTURE_NOW, "refused by the server policy: untrusted"},
    {"a CRL that has lapsed", "again mid root", NULL, "lapsing", NULL, false, FIXTURE_NOW + 8 * 86400,
     "refused by the server policy: crl_expired"},
    {"a clock of 1970", "again mid root", NULL, NULL, NULL, false, 10,
     "refused by the server policy: crl_not_yet_valid"},
    {"a key that others may read", NULL, "broker", NULL, NULL, true, FIXTURE_NOW, "only its owner"},
    {"a key of another one", NULL, "client", NULL, NULL, false, FIXTURE_NOW, "belongs to none"},
    {"its CA is not trusted any more", NULL, NULL, NULL, "other", false, FIXTURE_NOW, "still served: untrusted"},
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
        struct cg_faults faults = {0};
        struct cg_snapshot *second = cg_snapshot_reload(&source, NULL, first, unfit[i].now, NULL, &faults);
        bool found = false;
        for (size_t j = 0; j < faults.count; j++)
            found = found || strstr(faults.item[j].error.text, unfit[i].words);
        if (!found)
            fail_msg("%s: %s", unfit[i].sentence, faults.count ? faults.item[0].error.text : "no fault");
        if (second)
            assert_ptr_equal(second->credentials[0].item[0], first->credentials[0].item[0]);
        assert_false(cg_credential_is_held(first->credentials[0].item[0]));
        unlink(cg_scratch_path("key.pem"));
        cg_faults_clear(&faults);
        cg_snapshot_free(second);
        cg_snapshot_free(first);
    }
    cg_snapshot_free(start_with_all());
}

/* A missing file is not a new state: a CRL that was in a folder stays in use, whatever else changes, and is never
 * replaced by an older one. */
static void a_missing_crl_stays_in_use(void **state)
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
    struct cg_snapshot *first = fixture_load_well(folder_policy);
    unlink(file);
    struct cg_snapshot *second = fixture_reload(folder_policy, first);
    fixture_expect_faults(1, "/crls/a.crl: CRL of CN=root: no file contains it now. It stays in use (number 7");
    assert_ptr_equal(second, first);
    struct cg_snapshot *third = fixture_reload(other_policy, second);
    fixture_expect_faults(1, "It stays in use (number 7,");
    assert_string_equal(number_of(third, "CN=root"), "7");
    cg_pki_write(pki, crls, "a.crl", "older"); /* an older one after an absence */
    struct cg_snapshot *fourth = fixture_reload(other_policy, third);
    fixture_expect_faults(1, "/crls/a.crl: CRL of CN=root: cRLNumber 6 is older than 7");
    assert_string_equal(number_of(fourth, "CN=root"), "7");
    cg_pki_write(pki, crls, "a.crl", "list");
    struct cg_snapshot *fifth = fixture_reload(other_policy, fourth);
    fixture_expect_faults(0, NULL);
    unlink(file);
    struct cg_snapshot *sixth = fixture_reload(other_ca, fifth); /* CA and CRL go together */
    fixture_expect_faults(0, NULL);
    assert_int_equal(cg_crl_set_count(cg_trust_crls(sixth->trust)), 0);
    cg_snapshot_free(sixth);
    sixth = fixture_reload(without, fifth); /* nobody wants CRLs any more */
    fixture_expect_faults(0, NULL);
    assert_int_equal(cg_crl_set_count(cg_trust_crls(sixth->trust)), 0);
    cg_snapshot_free(sixth);
    cg_snapshot_free(fifth);
    cg_snapshot_free(fourth);
    cg_snapshot_free(third);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
    rmdir(crls);
    free(crls);
}

static void files_of_crls_that_did_not_change_are_not_read_again(void **state)
{
    (void)state;
    struct cg_snapshot *first = start_with_all();
    cg_pki_make(pki, "again: crl issuer=root number=9");
    cg_pki_write(pki, folder, "list.crl", "again");
    struct cg_snapshot *second = fixture_reload(NULL, first);
    fixture_expect_faults(0, NULL);
    assert_ptr_not_equal(first->trust, second->trust);
    assert_int_equal(cg_crl_set_count(cg_trust_crls(second->trust)), 2);
    struct cg_snapshot *third = fixture_reload(NULL, second);
    assert_ptr_equal(third, second);
    cg_snapshot_free(third);
    cg_pki_write(pki, folder, "list.crl", "again"); /* the same bytes once more */
    cg_pki_write(pki, folder, "mid.pem", "mid");
    cg_pki_write(pki, folder, "chain.pem", "broker mid root");
    cg_pki_write_key(pki, folder, "key.pem", "broker");
    third = fixture_reload(NULL, second);
    fixture_expect_faults(0, NULL);
    assert_ptr_equal(third, second);
    cg_snapshot_free(third);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

static void a_new_certificate_keeps_the_names(void **state)
{
    (void)state;
    static const char plain[] = "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"chain.pem\",\"key\":"
                                "\"key.pem\"}}";
    static const char listed[] = "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":{\"chain\":\"chain.pem\",\"key\":"
                                 "\"key.pem\"},\"server\":{\"names\":[\"localhost\"]}}";
    cg_pki_write(pki, folder, "chain.pem", "broker mid root");
    struct cg_snapshot *first = fixture_load_well(plain);
    cg_pki_make(pki, "fewer: server issuer=mid key=@broker san=dns:localhost\n"
                     "more: server issuer=mid key=@broker san=dns:localhost,ip:127.0.0.1,dns:broker.lan\n");
    cg_pki_write(pki, folder, "chain.pem", "fewer mid");
    struct cg_snapshot *second = fixture_reload(plain, first);
    assert_ptr_equal(second, first);
    fixture_expect_faults(1, "but ip:127.0.0.1 is missing");
    cg_snapshot_free(second);
    second = fixture_reload(listed, first);
    fixture_expect_faults(0, NULL);
    assert_ptr_not_equal(second->credentials[0].item[0], first->credentials[0].item[0]);
    cg_snapshot_free(second);
    cg_pki_write(pki, folder, "chain.pem", "more mid");
    second = fixture_reload(plain, first);
    fixture_expect_faults(0, NULL);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
    cg_pki_write(pki, folder, "chain.pem", "broker mid root");
}

/* ---- statements about roots */

/* A certificate and a signature, which nothing here verifies. */
static size_t make_statement(const char *root, unsigned char out[4096])
{
    unsigned char *end = out;
    const int len = i2d_X509(cg_pki_cert(pki, root), &end);
    assert_true(len > 0 && len < 4000);
    memset(end, 0x30, 70);
    return (size_t)len + 70;
}

static void write_octets(const char *name, const unsigned char *octets, size_t len)
{
    FILE *file = fopen(cg_scratch_path(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void write_statement(const char *name, const char *root)
{
    unsigned char statement[4096];
    write_octets(name, statement, make_statement(root, statement));
}

static void expect_statement(const struct cg_snapshot *snapshot, size_t number, const char *root)
{
    unsigned char expected[4096];
    const unsigned char *data = NULL;
    size_t len = 0, expected_len = make_statement(root, expected);
    assert_true(cg_statements_get(snapshot->statements, number, &data, &len));
    assert_int_equal(len, expected_len);
    assert_memory_equal(data, expected, len);
}

#define STATEMENTS                                                                                                     \
    "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"list.crl\"},\"renewal\":{\"spool\":\"spool\",\"statements\":"       \
    "[\"one.bin\",\"two.bin\"]}}"

static struct cg_snapshot *start_with_statements(void)
{
    cg_pki_write(pki, folder, "ca.pem", "root");
    cg_pki_write(pki, folder, "list.crl", "list");
    write_statement("one.bin", "other");
    write_statement("two.bin", "root");
    return fixture_load_well(STATEMENTS);
}

static void statements_are_numbered_and_shared(void **state)
{
    (void)state;
    const unsigned char *data = NULL;
    size_t len = 0;
    struct cg_snapshot *first = start_with_statements();
    assert_int_equal(cg_statements_count(first->statements), 2);
    expect_statement(first, 1, "other");
    expect_statement(first, 2, "root");
    assert_false(cg_statements_get(first->statements, 0, &data, &len));
    assert_false(cg_statements_get(first->statements, 3, &data, &len));
    assert_false(cg_statements_get(NULL, 1, &data, &len));

    write_statement("one.bin", "other"); /* the same again */
    struct cg_snapshot *second = fixture_reload(NULL, first);
    assert_ptr_equal(second, first);
    cg_snapshot_free(second);

    write_statement("two.bin", "mid");
    second = fixture_reload(NULL, first);
    fixture_expect_faults(0, NULL);
    assert_ptr_equal(second->trust, first->trust);
    expect_statement(second, 2, "mid");
    expect_statement(first, 2, "root");
    cg_snapshot_free(first);

    struct cg_snapshot *third = fixture_reload("{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"list.crl\"}}", second);
    fixture_expect_faults(0, NULL);
    assert_null(third->statements);
    cg_snapshot_free(third);
    cg_snapshot_free(second);
}

static void the_files_of_statements_are_watched(void **state)
{
    (void)state;
    struct cg_file_states seen = {NULL, 0};
    struct cg_error err = {""};
    size_t found = 0;
    cg_snapshot_free(start_with_statements());
    assert_int_equal(unlink(cg_scratch_path("two.bin")), 0); /* also one that is not there yet */
    assert_null(fixture_load(STATEMENTS, &seen, &err));
    for (size_t i = 0; i < seen.count; i++)
        found += strstr(seen.item[i].path, "one.bin") || strstr(seen.item[i].path, "two.bin");
    assert_int_equal(found, 2);
    cg_file_states_clear(&seen);
}

/* All of them stay, since their numbers depend on each other. A new CRL takes effect nevertheless. */
static const struct {
    const char *sentence;
    size_t len; /* of 'x' in the second file; 0: it is gone */
    const char *words;
} bad_statements[] = {
    {"it is gone", 0, "two.bin: no such file"},
    {"it is garbage", 100, "two.bin: expected a statement about a root: "},
    {"it is too large", 16385, "two.bin: "},
};

static void a_bad_statement_keeps_all_of_them(void **state)
{
    (void)state;
    static unsigned char garbage[20000];
    memset(garbage, 'x', sizeof garbage);
    for (size_t i = 0; i < sizeof bad_statements / sizeof *bad_statements; i++) {
        struct cg_snapshot *first = start_with_statements();
        write_statement("one.bin", "mid");
        unlink(cg_scratch_path("two.bin"));
        if (bad_statements[i].len)
            write_octets("two.bin", garbage, bad_statements[i].len);
        cg_pki_make(pki, "newer: crl issuer=root number=9");
        cg_pki_write(pki, folder, "list.crl", "newer");
        struct cg_snapshot *second = fixture_reload(NULL, first);
        fixture_expect_faults(1, bad_statements[i].words);
        if (second->statements != first->statements)
            fail_msg("%s: the statements changed", bad_statements[i].sentence);
        assert_ptr_not_equal(second->trust, first->trust);
        write_statement("two.bin", "root"); /* mended */
        struct cg_snapshot *third = fixture_reload(NULL, second);
        fixture_expect_faults(0, NULL);
        expect_statement(third, 1, "mid");
        cg_snapshot_free(third);
        cg_snapshot_free(second);
        cg_snapshot_free(first);
    }
}

/* At start there is nothing to keep. A policy that newly names statements is used without them. */
static void a_bad_statement_at_first(void **state)
{
    (void)state;
    cg_snapshot_free(start_with_statements());
    write_octets("two.bin", (const unsigned char *)"0", 1);
    struct cg_snapshot_source source = {.policy = cg_scratch_path("policy.json")};
    struct cg_error err = {""};
    enum cg_reason fault = CG_REASON_UNSET;
    assert_null(cg_snapshot_load(&source, NULL, FIXTURE_NOW, NULL, &fault, &err));
    assert_int_equal(fault, CG_REASON_TRUST_INVALID);
    assert_non_null(strstr(err.text, "two.bin: expected a statement"));
    struct cg_snapshot *first = fixture_load_well("{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"list.crl\"}}");
    struct cg_snapshot *second = fixture_reload(STATEMENTS, first);
    fixture_expect_faults(1, "two.bin: expected a statement");
    assert_non_null(second->policy->renewal.spool);
    assert_null(second->statements);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_what_did_not_change),
        cmocka_unit_test(the_trust_of_the_brokers_own_by_itself),
        cmocka_unit_test(an_intermediate_anchor_stays),
        cmocka_unit_test(each_part_by_itself),
        cmocka_unit_test(a_corrected_part_is_loaded),
        cmocka_unit_test(revoking_the_brokers_certificate_holds_nothing_up),
        cmocka_unit_test(another_fault_of_a_rule_is_another_fault),
        cmocka_unit_test(what_is_in_use_bears_the_name_of_its_file),
        cmocka_unit_test(each_listener_reports_its_own_fault),
        cmocka_unit_test(a_new_intermediate_in_the_chain_is_taken),
        cmocka_unit_test(one_that_is_held_is_not_said_to_be_served),
        cmocka_unit_test(what_is_in_use_stays),
        cmocka_unit_test(a_missing_crl_stays_in_use),
        cmocka_unit_test(files_of_crls_that_did_not_change_are_not_read_again),
        cmocka_unit_test(a_new_certificate_keeps_the_names),
        cmocka_unit_test(statements_are_numbered_and_shared),
        cmocka_unit_test(the_files_of_statements_are_watched),
        cmocka_unit_test(a_bad_statement_keeps_all_of_them),
        cmocka_unit_test(a_bad_statement_at_first),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
