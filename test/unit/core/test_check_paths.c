/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Several possible paths: a good one is found behind bad ones, and a maze of them ends at a bound. */
#include "check_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* The CA "i" twice: bad is tried first, good has the same name and key. A and B are anchors. */
static const struct row {
    const char *says;
    const char *bad; /* words of the bad certificate of CA "i" */
    enum cg_reason alone;
} rows[] = {
    {"the first is expired", "issuer=a days=-60..-30", CG_REASON_CA_EXPIRED},
    {"the first comes from an unknown CA", "issuer=stranger", CG_REASON_UNTRUSTED},
    {"the first is for brokers only", "issuer=a eku=serverAuth", CG_REASON_CA_WRONG_PURPOSE},
    {"the first is no CA", "issuer=a bc=critical,CA:FALSE ku=critical,digitalSignature", CG_REASON_NOT_A_CA},
    {"the first may not issue", "issuer=a ku=critical,cRLSign", CG_REASON_CA_KEY_USAGE},
    {"the first has a broken signature", "issuer=a broken-signature", CG_REASON_BAD_SIGNATURE},
    {"the first does not permit the name", "issuer=a nc=critical,permitted;URI:none.example",
     CG_REASON_NAME_CONSTRAINTS},
    {"the first is signed with SHA-1", "issuer=a digest=sha1", CG_REASON_SIGNATURE_DIGEST},
};

static void the_good_path_is_found(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char recipe[512];
        struct cg_verdict verdict;
        size_t mark = cg_pki_mark(pki);
        snprintf(recipe, sizeof recipe,
                 "a: ca days=-100..3000\nb: ca\nstranger: ca\ngood: ca issuer=b cn=i\nbad: ca cn=i key=@good %s\n"
                 "c: issuer=good san=uri:urn:dev:c,uri:https://c.example/",
                 rows[i].bad);
        struct fixture_case with = {.recipe = recipe, .anchors = "a b", .sent = "bad good"};
        fixture_check(pki, &with, &verdict);
        if (verdict.decision != CG_ACCEPT)
            fail_msg("%s: %s: %s", rows[i].says, cg_reason_row(verdict.reason)->code, verdict.detail);
        assert_int_equal(sk_X509_num(verdict.path), 3);
        assert_int_equal(X509_cmp(sk_X509_value(verdict.path, 2), cg_pki_cert(pki, "b")), 0);
        cg_verdict_clear(&verdict);
        with.recipe = NULL;
        with.sent = "bad";
        fixture_check(pki, &with, &verdict);
        if (verdict.reason != rows[i].alone)
            fail_msg("%s, alone: %s: %s", rows[i].says, cg_reason_row(verdict.reason)->code, verdict.detail);
        cg_verdict_clear(&verdict);
        cg_pki_rewind(pki, mark);
    }
    cg_pki_free(pki);
}

/* Of CPU time: how busy the machine is does not matter. */
static double milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Every CA of the maze certifies every other, and none leads to an anchor that accepts it. */
static void make_maze(struct cg_pki *pki, int size, bool reaches_anchor, char *names, size_t room)
{
    char recipe[256];
    cg_pki_make(pki, "root: ca");
    for (int i = 0; i < size; i++) {
        snprintf(recipe, sizeof recipe, "m%d: ca cn=maze days=-60..-30 %s", i, reaches_anchor ? "issuer=root" : "");
        cg_pki_make(pki, recipe);
    }
    size_t used = 0;
    for (int i = 0; i < size; i++) {
        for (int j = 0; j < size; j++) {
            if (i == j)
                continue;
            snprintf(recipe, sizeof recipe, "x%dx%d: ca cn=maze key=@m%d issuer=m%d", i, j, i, j);
            cg_pki_make(pki, recipe);
            used += (size_t)snprintf(names + used, room - used, "x%dx%d ", i, j);
        }
        if (reaches_anchor)
            used += (size_t)snprintf(names + used, room - used, "m%d ", i);
    }
    cg_pki_make(pki, "c: issuer=m0");
}

static void an_endless_search_ends_at_a_limit(void **state)
{
    (void)state;
    for (int reaches = 0; reaches < 2; reaches++) {
        char names[2048] = "";
        struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
        make_maze(pki, 7, reaches == 1, names, sizeof names);
        struct fixture_inputs inputs;
        struct cg_verdict verdict;
        const struct fixture_case with = {.sent = names,
                                          .policy = ", \"client\": {\"strict\": false, \"max_chain\": 100, "
                                                    "\"max_chain_bytes\": \"64KiB\", \"max_depth\": 32}"};
        fixture_open(pki, &with, &inputs);
        double start = milliseconds();
        cg_check(&inputs.check, &verdict);
        double took = milliseconds() - start;
        print_message("%s after %.1f ms\n", cg_reason_row(verdict.reason)->code, took);
        assert_int_equal(verdict.decision, CG_DENY);
        /* a path that is sound but for its dates says what is wrong better than the bound does */
        assert_int_equal(verdict.reason, reaches ? CG_REASON_CA_EXPIRED : CG_REASON_PATH_LIMIT);
        assert_true(took < 2000); /* some 20 ms; 100 times that under valgrind */
        cg_verdict_clear(&verdict);
        fixture_close(&inputs);
        cg_pki_free(pki);
    }
}

/* Intermediates that the peer made itself: they name our root as their issuer, and it has not signed them. */
static void forged_cas_lead_nowhere(void **state)
{
    (void)state;
    static const struct {
        const char *sent;
        enum cg_reason reason;
    } cases[] = {
        {"x1 x2 i", CG_REASON_OK}, {"x1 x2", CG_REASON_BAD_SIGNATURE}, {"x1 x2 x3 x4 x5 x6", CG_REASON_PATH_LIMIT}};
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "root: ca\nthief: ca cn=root\ni: ca issuer=root ski=none aki=none");
    for (int n = 1; n <= 6; n++) {
        char recipe[200];
        snprintf(recipe, sizeof recipe, "x%d: ca cn=i issuer=root signer=thief ski=none aki=none", n);
        cg_pki_make(pki, recipe);
    }
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        const struct fixture_case with = {.recipe = n == 0 ? "c: issuer=i aki=none" : "c: issuer=x1 aki=none",
                                          .sent = cases[n].sent,
                                          .policy = ", \"client\": {\"strict\": false}"};
        size_t mark = cg_pki_mark(pki);
        struct cg_verdict verdict;
        fixture_check(pki, &with, &verdict);
        if (verdict.reason != cases[n].reason)
            print_error("%s: %s: %s\n", cases[n].sent, cg_reason_row(verdict.reason)->code, verdict.detail);
        assert_int_equal(verdict.reason, cases[n].reason);
        cg_verdict_clear(&verdict);
        cg_pki_rewind(pki, mark);
    }
    cg_pki_free(pki);
}

/* A subordinate CA with a key that makes every use costly: a second path is not verified with it. */
static void keys_with_a_large_exponent_are_not_used(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "root: ca\nold: ca cn=i issuer=root days=-60..-30 ski=none aki=none\n"
                     "rogue: ca issuer=root key=rsa2048-e300\n"
                     "new: ca cn=i issuer=rogue key=@old ski=none aki=none\nc: issuer=old aki=none");
    const struct fixture_case with = {
        .sent = "old new rogue",
        .policy = ", \"client\": {\"strict\": false, \"rules\": {\"rsa_exponent\": \"audit\"}}"};
    struct cg_verdict verdict;
    fixture_check(pki, &with, &verdict);
    assert_int_equal(verdict.decision, CG_DENY);
    assert_int_equal(verdict.reason, CG_REASON_CA_EXPIRED);
    cg_verdict_clear(&verdict);
    /* as the only path it is accepted, and its signatures are remembered; that must not open it as a second one */
    struct fixture_case only = with;
    only.sent = "new rogue";
    fixture_check(pki, &only, &verdict);
    assert_int_equal(verdict.decision, CG_ACCEPT);
    cg_verdict_clear(&verdict);
    fixture_check(pki, &with, &verdict);
    assert_int_equal(verdict.reason, CG_REASON_CA_EXPIRED);
    cg_verdict_clear(&verdict);
    cg_pki_free(pki);
}

/* The words differ with what is to be done. */
static void the_detail_explains_why_there_is_no_path(void **state)
{
    (void)state;
    static const struct {
        const char *recipe, *sent;
        enum cg_reason reason;
        const char *words;
    } cases[] = {
        {"c: issuer=i", NULL, CG_REASON_UNTRUSTED,
         "issued by 'CN=i': no path to a trust anchor; the peer sent no other"},
        {"c: issuer=i", "c", CG_REASON_UNTRUSTED, "the peer sent no other certificate"},
        {"j: ca issuer=x\nc: issuer=j", "c j", CG_REASON_UNTRUSTED, "ends with 'CN=j', issued by 'CN=x'"},
        {"c: issuer=thief", "c", CG_REASON_UNTRUSTED,
         "not issued by the trust anchor 'CN=root': same name, but another key"},
        {"j: ca issuer=thief\nc: issuer=j", "c j", CG_REASON_UNTRUSTED, "'CN=j' was not issued by the trust anchor"},
        {"c: issuer=i", "x", CG_REASON_UNTRUSTED, "the chain ends with 'CN=c', issued by 'CN=i'"},
        {"c: issuer=thief", "c thief", CG_REASON_UNTRUSTED, "not issued by the trust anchor 'CN=root'"},
        {"c: cn=root issuer=root ski=none aki=none", "c", CG_REASON_UNTRUSTED, "need different names"},
        {"c: bare cn=root issuer=root", "c root", CG_REASON_UNTRUSTED, "need different names"},
        {"c:", NULL, CG_REASON_SELF_SIGNED, "its own key"},
        {"c: cn=root", NULL, CG_REASON_SELF_SIGNED, "its own key"},
        /* both key identifiers: the signature is not verified */
        {"c: ski=0102 aki=0102 broken-signature", NULL, CG_REASON_SELF_SIGNED, "its own key"},
        {"c: cn=root issuer=root ski=none", "c", CG_REASON_UNTRUSTED, "need different names"},
        {"r: ca key=rsa2048\nc: cn=r issuer=r key=rsa2048 ski=none aki=none", "c", CG_REASON_UNTRUSTED,
         "different names"},
        /* the same with an expensive key, which is not used */
        {"r: ca key=rsa2048\nc: cn=r issuer=r key=rsa2048-e300 ski=none aki=none", "c", CG_REASON_SELF_SIGNED,
         "own key"},
        {"j: ca issuer=root ext=2.5.29.31=04\nc: issuer=j", "c j", CG_REASON_MALFORMED,
         "'CN=j', sent as a CA above 'CN=c'"},
        {"k: ca issuer=root ext=2.5.29.31=04\nj: ca issuer=k\nc: issuer=j", "j k", CG_REASON_MALFORMED, "'CN=k', sent"},
    };
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "root: ca\nthief: ca cn=root\nx: ca\ni: ca issuer=root");
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        const struct fixture_case with = {.recipe = cases[n].recipe, .sent = cases[n].sent};
        struct cg_verdict verdict;
        size_t mark = cg_pki_mark(pki);
        fixture_check(pki, &with, &verdict);
        if (verdict.reason != cases[n].reason || !strstr(verdict.detail, cases[n].words))
            fail_msg("%s: %s: %s", cases[n].recipe, cg_reason_row(verdict.reason)->code, verdict.detail);
        cg_verdict_clear(&verdict);
        cg_pki_rewind(pki, mark);
    }
    cg_pki_free(pki);
}

/* As a policy has it that names an issuing CA in trust.anchors beside its own root. */
static void the_detail_names_an_intermediate_without_root(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    const struct fixture_case with = {.recipe = "root: ca\nx: ca\nj: ca issuer=x\nc: issuer=j", .anchors = "root j"};
    struct cg_verdict verdict;
    fixture_check(pki, &with, &verdict);
    assert_int_equal(verdict.reason, CG_REASON_UNTRUSTED);
    assert_non_null(strstr(verdict.detail, "'CN=j' is an intermediate of the policy, and no anchor is above it"));
    assert_non_null(strstr(verdict.detail, "intermediate_anchors"));
    cg_verdict_clear(&verdict);
    cg_pki_free(pki);
}

/* A CA that cannot be decoded cannot be checked: if that is only audited, the client is still untrusted. */
static void an_undecodable_ca_is_not_trusted(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    const struct fixture_case with = {.recipe = "root: ca\nj: ca issuer=root ext=2.5.29.31=04\nc: issuer=j",
                                      .sent = "c j",
                                      .policy = ", \"client\": {\"rules\": {\"malformed\": \"audit\"}}"};
    struct cg_verdict verdict;
    fixture_check(pki, &with, &verdict);
    assert_int_equal(verdict.decision, CG_DENY);
    assert_int_equal(verdict.reason, CG_REASON_UNTRUSTED);
    cg_verdict_clear(&verdict);
    cg_pki_free(pki);
}

/* Anyone can make a search end at its limit, or sign with its own key: if untrusted is enforced, such clients are
 * refused. */
static void untrusted_applies_if_others_are_audited(void **state)
{
    (void)state;
    static const struct fixture_case cases[] = {{.recipe = "c: issuer=x1 aki=none", .sent = "x1 x2 x3 x4 x5 x6"},
                                                {.recipe = "c:"}};
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "root: ca\nthief: ca cn=root");
    for (int n = 1; n <= 6; n++) {
        char recipe[200];
        snprintf(recipe, sizeof recipe, "x%d: ca cn=i issuer=root signer=thief ski=none aki=none", n);
        cg_pki_make(pki, recipe);
    }
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        struct fixture_case with = cases[n];
        size_t mark = cg_pki_mark(pki);
        struct cg_verdict verdict;
        with.policy = ", \"mode\": \"audit\", \"rules\": {\"untrusted\": \"enforce\", \"bad_signature\": \"enforce\"}";
        fixture_check(pki, &with, &verdict);
        assert_int_equal(verdict.decision, CG_DENY);
        assert_int_equal(verdict.reason, CG_REASON_UNTRUSTED);
        cg_verdict_clear(&verdict);
        cg_pki_rewind(pki, mark);
    }
    cg_pki_free(pki);
}

/* Whoever is on the deny list stays on it, whatever comes with its certificate. */
static void forged_cas_do_not_hide_the_deny_list(void **state)
{
    (void)state;
    static const char *const sent[] = {"i", "x1 i", "x1 x2 x3 x4 x5 x6 i", "x1", ""};
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki,
                "root: ca\nthief: ca cn=root\ni: ca issuer=root ski=none aki=none\nc: issuer=i aki=none serial=77");
    for (int n = 1; n <= 6; n++) {
        char recipe[200];
        snprintf(recipe, sizeof recipe, "x%d: ca cn=i issuer=root signer=thief ski=none aki=none", n);
        cg_pki_make(pki, recipe);
    }
    for (size_t n = 0; n < sizeof sent / sizeof *sent; n++) {
        const struct fixture_case with = {
            .sent = sent[n],
            .policy = ", \"deny\": [{\"serial\": \"4d\", \"issuer\": \"CN=i\"}], \"client\": {\"strict\": false}"};
        struct cg_verdict verdict;
        fixture_check(pki, &with, &verdict);
        if (verdict.reason != CG_REASON_DENY_LISTED)
            print_error("%s: %s: %s\n", sent[n], cg_reason_row(verdict.reason)->code, verdict.detail);
        assert_int_equal(verdict.reason, CG_REASON_DENY_LISTED);
        assert_int_equal(verdict.decision, CG_DENY);
        cg_verdict_clear(&verdict);
    }
    cg_pki_free(pki);
}

static void the_path_with_the_last_violation_is_reported(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    const struct fixture_case with = {.recipe = "a: ca days=-100..3000\nb: ca\none: ca issuer=b cn=i eku=serverAuth\n"
                                                "two: ca issuer=a cn=i key=@one days=-60..-30\nc: issuer=one",
                                      .anchors = "a b",
                                      .sent = "two one"};
    struct cg_verdict verdict;
    fixture_check(pki, &with, &verdict);
    assert_int_equal(verdict.reason, CG_REASON_CA_WRONG_PURPOSE);
    cg_verdict_clear(&verdict);
    cg_pki_free(pki);
}

/* Unsigned certificates can contain any number of constraints and policies. */
static void an_unsigned_path_is_not_checked_further(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    const struct fixture_case with = {.recipe = "root: ca\ni: ca issuer=root nc=critical,permitted;DNS:a.example "
                                                "policy-constraints=critical,requireExplicitPolicy:0 broken-signature\n"
                                                "c: issuer=i cn=b.example",
                                      .sent = "i"};
    struct cg_verdict verdict;
    fixture_check(pki, &with, &verdict);
    assert_int_equal(verdict.reason, CG_REASON_BAD_SIGNATURE);
    for (int i = 0; i < verdict.nfindings; i++) {
        assert_int_not_equal(verdict.findings[i].reason, CG_REASON_NAME_CONSTRAINTS);
        assert_int_not_equal(verdict.findings[i].reason, CG_REASON_CERTIFICATE_POLICIES);
    }
    cg_verdict_clear(&verdict);

    const struct fixture_case audited = {
        .sent = "i", .policy = ", \"mode\": \"audit\", \"rules\": {\"name_constraints\": \"enforce\"}"};
    fixture_check(pki, &audited, &verdict);
    assert_int_equal(verdict.reason, CG_REASON_NAME_CONSTRAINTS);
    cg_verdict_clear(&verdict);
    cg_pki_free(pki);
}

/* "mid" is an anchor, and "corp", which signed it, is none. */
static const struct anchored {
    const char *says, *mid, *recipe; /* mid: words of its certificate; NULL: none */
    const char *leaf, *sent, *crls;
    enum cg_reason reason;
    bool openssl_differs; /* does not look at CRLs here, or at CAs that stand for end entities */
} anchored[] = {
    {"a leaf of it", NULL, NULL, NULL, NULL, NULL, CG_REASON_OK, false},
    {"with all that is above it", NULL, NULL, NULL, "mid corp", NULL, CG_REASON_OK, false},
    {"a CA below it", NULL, "sub: ca issuer=mid\nc: issuer=sub", NULL, "sub mid corp", NULL, CG_REASON_OK, false},
    {"a CA beside it", NULL, "side: ca issuer=corp\nc: issuer=side", NULL, "side corp", NULL, CG_REASON_UNTRUSTED,
     false},
    {"the root itself", NULL, "c: issuer=corp", NULL, "corp", NULL, CG_REASON_UNTRUSTED, false},
    {"another of its name and key, of a stranger", NULL, "odd: ca\ntwin: ca cn=mid key=@mid issuer=odd\nc: issuer=twin",
     NULL, "twin odd", NULL, CG_REASON_OK, false},
    {"a thief with its name", NULL, "thief: ca cn=mid\nc: issuer=mid signer=thief", NULL, "mid", NULL,
     CG_REASON_BAD_SIGNATURE, false},
    {"it ended", "days=-60..-30", NULL, NULL, NULL, NULL, CG_REASON_CA_EXPIRED, false},
    {"it has not begun", "days=1..30", NULL, NULL, NULL, NULL, CG_REASON_CA_NOT_YET_VALID, false},
    {"one CA too many below it", "bc=critical,CA:TRUE,pathlen:0", "sub: ca issuer=mid\nc: issuer=sub", NULL, "sub",
     NULL, CG_REASON_PATH_LENGTH, false},
    {"a leaf within its path length", "bc=critical,CA:TRUE,pathlen:0", NULL, NULL, NULL, NULL, CG_REASON_OK, false},
    {"a name that it does not permit", "nc=critical,permitted;URI:none.example",
     "c: issuer=mid san=uri:https://c.example/", NULL, NULL, NULL, CG_REASON_NAME_CONSTRAINTS, false},
    {"a name that it excludes", "nc=critical,excluded;DNS:lan", "c: issuer=mid san=dns:a.lan", NULL, NULL, NULL,
     CG_REASON_NAME_CONSTRAINTS, false},
    {"it may not issue", "ku=critical,cRLSign", NULL, NULL, NULL, NULL, CG_REASON_CA_KEY_USAGE, false},
    {"it is for brokers only", "eku=serverAuth", NULL, NULL, NULL, NULL, CG_REASON_CA_WRONG_PURPOSE, false},
    {"itself in place of a client", NULL, NULL, "mid", NULL, NULL, CG_REASON_CA_AS_END_ENTITY, true},
    {"revoked by it", NULL, "c: issuer=mid\nr: crl issuer=mid revoke=c", NULL, NULL, "r", CG_REASON_REVOKED, true},
    {"not revoked by it: none is asked about itself", NULL, "c: issuer=mid\nr: crl issuer=mid", NULL, "corp", "r",
     CG_REASON_OK, true},
    {"a CA below it without its CRL", NULL, "sub: ca issuer=mid\nc: issuer=sub\nr: crl issuer=mid", NULL, "sub", "r",
     CG_REASON_CRL_MISSING, true},
    {"a CA below it that it revoked", NULL, "sub: ca issuer=mid\nc: issuer=sub\nr: crl issuer=mid revoke=sub", NULL,
     "sub", "r", CG_REASON_REVOKED, true},
};

/* What OpenSSL says with partial chains, the same anchor and the same time. */
static bool openssl_accepts(X509 *anchor, X509 *leaf, STACK_OF(X509) *sent)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    assert_true(store && ctx && X509_STORE_add_cert(store, anchor) && X509_STORE_CTX_init(ctx, store, leaf, sent));
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
    X509_VERIFY_PARAM_set_time(param, FIXTURE_NOW);
    bool accepts = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return accepts;
}

static void an_intermediate_as_anchor(void **state)
{
    (void)state;
    static const char *const policies[] = {"", ", \"client\": {\"strict\": false}"};
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "lone: ca\ncorp: ca days=-100..3000");
    for (size_t i = 0; i < 2 * sizeof anchored / sizeof *anchored; i++) {
        const struct anchored *row = &anchored[i / 2];
        char recipe[512];
        struct cg_verdict verdict;
        size_t mark = cg_pki_mark(pki);
        snprintf(recipe, sizeof recipe, "mid: ca issuer=corp %s\n%s", row->mid ? row->mid : "",
                 row->recipe ? row->recipe : "c: issuer=mid");
        const struct fixture_case with = {.recipe = recipe,
                                          .leaf = row->leaf,
                                          .sent = row->sent,
                                          .anchors = "lone",
                                          .intermediate_anchors = "mid",
                                          .crls = row->crls,
                                          .policy = policies[i % 2]};
        struct fixture_inputs inputs;
        fixture_open(pki, &with, &inputs);
        cg_check(&inputs.check, &verdict);
        if (verdict.reason != row->reason)
            fail_msg("%s: %s: %s", row->says, cg_reason_row(verdict.reason)->code, verdict.detail);
        if (verdict.decision == CG_ACCEPT)
            assert_int_equal(
                X509_cmp(sk_X509_value(verdict.path, sk_X509_num(verdict.path) - 1), cg_pki_cert(pki, "mid")), 0);
        if (!row->openssl_differs &&
            openssl_accepts(cg_pki_cert(pki, "mid"), inputs.check.leaf, inputs.sent) != (row->reason == CG_REASON_OK))
            fail_msg("%s: OpenSSL differs", row->says);
        cg_verdict_clear(&verdict);
        fixture_close(&inputs);
        cg_pki_rewind(pki, mark);
    }
    cg_pki_free(pki);
}

/* An intermediate does not end a path, and neither does an anchor of another policy. */
static void an_intermediate_that_is_not_an_anchor(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    struct cg_verdict verdict;
    const struct fixture_case with = {.recipe = "lone: ca\ncorp: ca\nmid: ca issuer=corp\nc: issuer=mid",
                                      .anchors = "lone mid",
                                      .intermediates = "mid",
                                      .sent = "mid"};
    fixture_check(pki, &with, &verdict);
    assert_int_equal(verdict.reason, CG_REASON_UNTRUSTED);
    cg_verdict_clear(&verdict);
    cg_pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_good_path_is_found),
        cmocka_unit_test(an_intermediate_as_anchor),
        cmocka_unit_test(an_intermediate_that_is_not_an_anchor),
        cmocka_unit_test(an_endless_search_ends_at_a_limit),
        cmocka_unit_test(forged_cas_lead_nowhere),
        cmocka_unit_test(keys_with_a_large_exponent_are_not_used),
        cmocka_unit_test(the_detail_explains_why_there_is_no_path),
        cmocka_unit_test(the_detail_names_an_intermediate_without_root),
        cmocka_unit_test(an_undecodable_ca_is_not_trusted),
        cmocka_unit_test(untrusted_applies_if_others_are_audited),
        cmocka_unit_test(forged_cas_do_not_hide_the_deny_list),
        cmocka_unit_test(the_path_with_the_last_violation_is_reported),
        cmocka_unit_test(an_unsigned_path_is_not_checked_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
