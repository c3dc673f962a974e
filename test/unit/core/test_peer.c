/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a peer without a certificate may do, and by whose rules one with a certificate is judged. */
#include "core/peer.h"

#include "core/base/datetime.h"
#include "core/policy/policy_load.h"
#include "lib/pki_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *sentence;
    enum cg_role role;
    enum cg_certificate_use use;
    enum cg_mode mode; /* of the rule no_certificate */
    bool psk_allowed, psk;
    enum cg_reason reason;
    int findings;
    bool needed; /* cg_peer_needs_certificate */
} rows[] = {
    {"a client that must show one", CG_ROLE_LISTENER, CG_CERT_REQUIRED, CG_ENFORCE, false, false,
     CG_REASON_NO_CERTIFICATE, 1, true},
    {"audited", CG_ROLE_LISTENER, CG_CERT_REQUIRED, CG_AUDIT, false, false, CG_REASON_OK, 1, false},
    {"the rule is off", CG_ROLE_LISTENER, CG_CERT_REQUIRED, CG_OFF, false, false, CG_REASON_OK, 0, false},
    {"a client that may show one", CG_ROLE_LISTENER, CG_CERT_OPTIONAL, CG_ENFORCE, false, false, CG_REASON_OK, 0,
     false},
    {"a client that is not asked", CG_ROLE_LISTENER, CG_CERT_NONE, CG_ENFORCE, false, false, CG_REASON_OK, 0, false},
    {"a key that is allowed", CG_ROLE_LISTENER, CG_CERT_REQUIRED, CG_ENFORCE, true, true, CG_REASON_OK, 0, true},
    {"no key where one is allowed", CG_ROLE_LISTENER, CG_CERT_REQUIRED, CG_ENFORCE, true, false,
     CG_REASON_NO_CERTIFICATE, 1, true},
    {"a key that is not allowed", CG_ROLE_LISTENER, CG_CERT_REQUIRED, CG_ENFORCE, false, true,
     CG_REASON_PSK_NOT_ALLOWED, 0, true},
    {"a key that is not allowed where a certificate is optional", CG_ROLE_LISTENER, CG_CERT_OPTIONAL, CG_ENFORCE, false,
     true, CG_REASON_PSK_NOT_ALLOWED, 0, false},
    {"a broker must show one whatever clients may", CG_ROLE_BRIDGE, CG_CERT_OPTIONAL, CG_ENFORCE, true, false,
     CG_REASON_NO_CERTIFICATE, 1, false},
    {"a broker with a key that is allowed", CG_ROLE_BRIDGE, CG_CERT_REQUIRED, CG_ENFORCE, true, true, CG_REASON_OK, 0,
     true},
    {"a broker with a key that is not allowed", CG_ROLE_BRIDGE, CG_CERT_REQUIRED, CG_ENFORCE, false, true,
     CG_REASON_PSK_NOT_ALLOWED, 0, true},
    {"nobody knows what it is", CG_ROLE_UNKNOWN, CG_CERT_NONE, CG_ENFORCE, true, true, CG_REASON_NO_SNAPSHOT, 1, false},
    {"not the broker's", CG_ROLE_FOREIGN, CG_CERT_NONE, CG_ENFORCE, false, false, CG_REASON_NO_SNAPSHOT, 1, false},
};

static void each_peer_without_certificate(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct cg_error err = {""};
        struct cg_verdict verdict;
        struct cg_policy *policy = cg_policy_default("ca.pem", &err);
        struct cg_trust *trust = cg_trust_new();
        const struct cg_snapshot snapshot = {.policy = policy, .trust = trust, .bridge_trust = trust};
        const struct cg_peer peer = {.role = row->role, .psk = row->psk};
        policy->base.client.certificate = row->use;
        policy->base.client.mode[CG_REASON_NO_CERTIFICATE] = row->mode;
        /* what holds for the other role makes no difference */
        policy->base.tls.psk_allowed = row->role == CG_ROLE_BRIDGE || row->psk_allowed;
        policy->bridge_tls.psk_allowed = row->role != CG_ROLE_BRIDGE || row->psk_allowed;
        cg_check_peer(&snapshot, &peer, 0, &verdict);
        if (verdict.reason != row->reason || (verdict.decision == CG_ACCEPT) != (row->reason == CG_REASON_OK) ||
            verdict.nfindings != row->findings || cg_peer_needs_certificate(&policy->base.client) != row->needed)
            fail_msg("%s: %s, %d findings", row->sentence, cg_reason_row(verdict.reason)->code, verdict.nfindings);
        assert_int_equal(verdict.not_after, CG_TIME_NO_END); /* refused too: an audited session continues */
        cg_verdict_clear(&verdict);
        cg_check_peer(NULL, &peer, 0, &verdict);
        assert_int_equal(verdict.decision, CG_DENY);
        cg_verdict_clear(&verdict);
        cg_trust_free(trust);
        cg_policy_free(policy);
    }
}

/* A client's certificate is none of a broker's, and the other way round: purpose and trust follow the role. */
static void the_role_gives_purpose_and_trust(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_pki *pki = cg_pki_new(1750000000);
    cg_pki_make(pki, "root: ca cn=root\nother: ca cn=other\npublic: ca cn=public\ndev: issuer=root\n"
                     "broker: server issuer=other\nstranger: issuer=public\nown: server issuer=public\n");
    struct cg_policy *policy = cg_policy_default("ca.pem", &err);
    struct cg_trust *trust[3] = {cg_trust_new(), cg_trust_new(), cg_trust_new()};
    const char *anchors[] = {"root", "other", "public"};
    for (int i = 0; i < 3; i++) {
        char *pem = cg_pki_pem(pki, anchors[i]);
        assert_true(cg_trust_add_anchors(trust[i], "anchors", pem, strlen(pem), &err));
        free(pem);
    }
    const struct cg_snapshot snapshot = {
        .policy = policy, .trust = trust[0], .bridge_trust = trust[1], .server_trust = trust[2]};
    static const struct {
        enum cg_role role;
        const char *leaf, *host;
        enum cg_reason reason;
    } tries[] = {
        {CG_ROLE_LISTENER, "dev", NULL, CG_REASON_OK},
        {CG_ROLE_LISTENER, "broker", NULL, CG_REASON_UNTRUSTED},
        {CG_ROLE_LISTENER, "stranger", NULL, CG_REASON_UNTRUSTED}, /* of the CA of the broker's own certificate */
        {CG_ROLE_BRIDGE, "own", "localhost", CG_REASON_UNTRUSTED},
        {CG_ROLE_BRIDGE, "broker", "localhost", CG_REASON_OK},
        {CG_ROLE_BRIDGE, "broker", "elsewhere", CG_REASON_HOST_MISMATCH},
        {CG_ROLE_BRIDGE, "dev", "localhost", CG_REASON_UNTRUSTED},
        {CG_ROLE_UNKNOWN, "dev", NULL, CG_REASON_NO_SNAPSHOT},
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct cg_verdict verdict;
        const struct cg_peer peer = {
            .role = tries[i].role, .leaf = cg_pki_cert(pki, tries[i].leaf), .host = tries[i].host};
        cg_check_peer(&snapshot, &peer, 1750000000, &verdict);
        if (verdict.reason != tries[i].reason)
            fail_msg("row %zu: %s", i, cg_reason_row(verdict.reason)->code);
        cg_verdict_clear(&verdict);
    }
    cg_trust_free(trust[0]);
    cg_trust_free(trust[1]);
    cg_trust_free(trust[2]);
    cg_policy_free(policy);
    cg_pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_peer_without_certificate),
        cmocka_unit_test(the_role_gives_purpose_and_trust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
