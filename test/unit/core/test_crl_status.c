/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The status of a certificate by the CRLs held: RFC 5280 section 6.3 as a table. */
#include "core/crl/crl.h"
#include "crl_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ca ca, rekeyed, renewed, crl_key, late_key, odd_key, stranger, delegate, alias, long_name;
static STACK_OF(X509) *issuers;

/* the CRL's issuer */
enum by { BY_CA, BY_REKEYED, BY_CRL_KEY, BY_LATE_KEY, BY_ODD_KEY, BY_STRANGER, BY_DELEGATE, BY_ALIAS, BY_LONG_NAME };

static const struct ca *const signers[] = {&ca,       &rekeyed,  &crl_key, &late_key, &odd_key,
                                           &stranger, &delegate, &alias,   &long_name};

#define POINT_1  "\xa0\x0a\xa0\x08\x86\x06http:1"
#define POINT_2  "\xa0\x0a\xa0\x08\x86\x06http:2"
#define USERS    "\x81\x01\xff"
#define CAS      "\x82\x01\xff"
#define ATTRS    "\x85\x01\xff"
#define INDIRECT "\x84\x01\xff"
#define KEY_CA   "\x83\x02\x05\x60"     /* bits 1 and 2 */
#define OTHERS   "\x83\x03\x07\x9f\x80" /* bits 0 and 3 to 8 */
#define TWO_DAYS (2 * DAY)
#define LONG_32  "0123456789abcdef0123456789abcdef"
#define LONG_96  LONG_32 LONG_32 LONG_32
#define LONG_127 LONG_96 "0123456789abcdef0123456789abcde"

/* a control character is four of text */
#define NAME_16 "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
#define NAME_64 NAME_16 NAME_16 NAME_16 NAME_16

struct list {
    enum by by;
    bool there;
    const char *scope;        /* content of issuingDistributionPoint; NULL: none */
    int revoked;              /* serial number; 0: none */
    int reason;               /* with it; 0: none */
    int64_t from, until;      /* 0: a day ago, in a week */
    int number, delta_base;   /* 0: 1, not a delta */
    const char *other_issuer; /* certificateIssuer of the entry */
};

/* certificates: all have serial number 5 and were issued by ca, unless the row says otherwise */
enum subject {
    LEAF,
    LEAF_CA,
    LEAF_POINT_1,
    LEAF_POINTS_2_1,
    LEAF_BY_RENEWED,
    LEAF_BY_REKEYED,
    LEAF_DELEGATED,
    SUBJECTS
};

static X509 *subjects[SUBJECTS];

#define ON(...)                                                                                                        \
    {                                                                                                                  \
        .there = true, __VA_ARGS__                                                                                     \
    }

static const struct row {
    const char *sentence;
    enum subject subject;
    struct list lists[3];
    enum cg_crl_status expected;
    int reason;
} rows[] = {
    {"no CRL at all", LEAF, {{0}}, CG_CRL_STATUS_NO_CRL, -1},
    {"a CRL of another CA only", LEAF, {ON(.by = BY_STRANGER)}, CG_CRL_STATUS_NO_CRL, -1},
    {"not listed", LEAF, {ON(.revoked = 6)}, CG_CRL_STATUS_GOOD, -1},
    {"listed without a reason", LEAF, {ON(.revoked = 5)}, CG_CRL_STATUS_REVOKED, -1},
    {"listed with a reason", LEAF, {ON(.revoked = 5, .reason = 4)}, CG_CRL_STATUS_REVOKED, 4},
    {"on hold is revoked", LEAF, {ON(.revoked = 5, .reason = 6)}, CG_CRL_STATUS_REVOKED, 6},
    {"listed by another CA means nothing",
     LEAF,
     {ON(.by = BY_STRANGER, .revoked = 5), ON(.revoked = 6)},
     CG_CRL_STATUS_GOOD,
     -1},
    {"past nextUpdate", LEAF, {ON(.from = -TWO_DAYS, .until = -DAY)}, CG_CRL_STATUS_EXPIRED, -1},
    {"revoked in a CRL past nextUpdate stays revoked",
     LEAF,
     {ON(.revoked = 5, .from = -TWO_DAYS, .until = -DAY)},
     CG_CRL_STATUS_REVOKED,
     -1},
    {"thisUpdate ahead", LEAF, {ON(.from = DAY, .until = TWO_DAYS)}, CG_CRL_STATUS_NOT_YET_VALID, -1},
    {"older than the maximum age", LEAF, {ON(.from = -40 * DAY, .until = DAY)}, CG_CRL_STATUS_TOO_OLD, -1},
    {"CA renewed with the same key", LEAF_BY_RENEWED, {ON(.revoked = 6)}, CG_CRL_STATUS_GOOD, -1},
    {"CA renewed with the same key, revoked", LEAF_BY_RENEWED, {ON(.revoked = 5)}, CG_CRL_STATUS_REVOKED, -1},
    {"CA of the same name with a new key that nothing ties to the old",
     LEAF_BY_REKEYED,
     {ON(.revoked = 6)},
     CG_CRL_STATUS_UNKNOWN,
     -1},
    {"and its own CRL", LEAF_BY_REKEYED, {ON(.revoked = 5), ON(.by = BY_REKEYED)}, CG_CRL_STATUS_GOOD, -1},
    {"separate CRL key certified by the CA", LEAF, {ON(.by = BY_CRL_KEY), ON(.scope = CAS)}, CG_CRL_STATUS_UNKNOWN, -1},
    {"separate CRL key, itself covered by the CA's own key",
     LEAF,
     {ON(.by = BY_CRL_KEY), ON(.scope = POINT_2)},
     CG_CRL_STATUS_GOOD,
     -1},
    {"separate CRL key cannot vouch for itself", LEAF, {ON(.by = BY_CRL_KEY)}, CG_CRL_STATUS_UNKNOWN, -1},
    {"separate CRL key, revoked",
     LEAF,
     {ON(.by = BY_CRL_KEY), ON(.scope = POINT_2, .revoked = 77)},
     CG_CRL_STATUS_UNKNOWN,
     -1},
    {"separate CRL key, its certificate past its time",
     LEAF,
     {ON(.by = BY_LATE_KEY), ON(.scope = POINT_2)},
     CG_CRL_STATUS_UNKNOWN,
     -1},
    {"separate CRL key, its certificate with a critical extension that nobody knows",
     LEAF,
     {ON(.by = BY_ODD_KEY), ON(.scope = POINT_2)},
     CG_CRL_STATUS_UNKNOWN,
     -1},

    {"only user certificates, and this is one", LEAF, {ON(.scope = USERS)}, CG_CRL_STATUS_GOOD, -1},
    {"only user certificates, and this is a CA", LEAF_CA, {ON(.scope = USERS)}, CG_CRL_STATUS_UNKNOWN, -1},
    {"only CA certificates, and this is one", LEAF_CA, {ON(.scope = CAS)}, CG_CRL_STATUS_GOOD, -1},
    {"only CA certificates, and this is none", LEAF, {ON(.scope = CAS)}, CG_CRL_STATUS_UNKNOWN, -1},
    {"listed out of scope is revoked too",
     LEAF,
     {ON(.scope = CAS, .revoked = 5), ON(.revoked = 6)},
     CG_CRL_STATUS_REVOKED,
     -1},
    {"only attribute certificates", LEAF, {ON(.scope = ATTRS)}, CG_CRL_STATUS_UNKNOWN, -1},
    {"partition, and the certificate has no distribution point",
     LEAF,
     {ON(.scope = POINT_1)},
     CG_CRL_STATUS_UNKNOWN,
     -1},
    {"partition of the certificate's point", LEAF_POINT_1, {ON(.scope = POINT_1)}, CG_CRL_STATUS_GOOD, -1},
    {"partition of another point", LEAF_POINT_1, {ON(.scope = POINT_2)}, CG_CRL_STATUS_UNKNOWN, -1},
    {"the second distribution point counts", LEAF_POINTS_2_1, {ON(.scope = POINT_1)}, CG_CRL_STATUS_GOOD, -1},
    {"revoked by way of the second distribution point",
     LEAF_POINTS_2_1,
     {ON(.scope = POINT_2), ON(.scope = POINT_1, .revoked = 5)},
     CG_CRL_STATUS_REVOKED,
     -1},
    {"a complete CRL serves a certificate with a point", LEAF_POINT_1, {ON(.revoked = 6)}, CG_CRL_STATUS_GOOD, -1},
    {"some reasons only", LEAF, {ON(.scope = KEY_CA)}, CG_CRL_STATUS_UNKNOWN, -1},
    {"all reasons by two CRLs", LEAF, {ON(.scope = KEY_CA), ON(.scope = OTHERS)}, CG_CRL_STATUS_GOOD, -1},
    {"revoked in the second of them",
     LEAF,
     {ON(.scope = KEY_CA), ON(.scope = OTHERS, .revoked = 5, .reason = 5)},
     CG_CRL_STATUS_REVOKED,
     5},
    {"one of them is past nextUpdate",
     LEAF,
     {ON(.scope = KEY_CA), ON(.scope = OTHERS, .from = -TWO_DAYS, .until = -DAY)},
     CG_CRL_STATUS_EXPIRED,
     -1},
    {"a stale CRL beside a good one",
     LEAF,
     {ON(.scope = USERS, .from = -TWO_DAYS, .until = -DAY), ON(.revoked = 6)},
     CG_CRL_STATUS_GOOD,
     -1},

    {"delta revokes",
     LEAF,
     {ON(.number = 3), ON(.number = 4, .delta_base = 3, .revoked = 5, .reason = 1)},
     CG_CRL_STATUS_REVOKED,
     1},
    {"delta takes back",
     LEAF,
     {ON(.number = 3, .revoked = 5, .reason = 6), ON(.number = 4, .delta_base = 3, .revoked = 5, .reason = 8)},
     CG_CRL_STATUS_GOOD,
     -1},
    {"delta of a later base takes nothing back",
     LEAF,
     {ON(.number = 2, .revoked = 5, .reason = 6), ON(.number = 4, .delta_base = 3, .revoked = 5, .reason = 8)},
     CG_CRL_STATUS_REVOKED,
     6},
    {"delta past its time takes nothing back",
     LEAF,
     {ON(.number = 3, .revoked = 5, .reason = 6),
      ON(.number = 4, .delta_base = 3, .revoked = 5, .reason = 8, .from = -TWO_DAYS, .until = -DAY)},
     CG_CRL_STATUS_REVOKED,
     6},
    {"delta past its time still revokes",
     LEAF,
     {ON(.number = 3), ON(.number = 4, .delta_base = 3, .revoked = 5, .from = -TWO_DAYS, .until = -DAY)},
     CG_CRL_STATUS_REVOKED,
     -1},
    {"delta older than the complete CRL",
     LEAF,
     {ON(.number = 5), ON(.number = 4, .delta_base = 3, .revoked = 5)},
     CG_CRL_STATUS_GOOD,
     -1},
    {"delta of another scope takes nothing back",
     LEAF,
     {ON(.number = 3, .revoked = 5, .reason = 6),
      ON(.number = 4, .delta_base = 3, .revoked = 5, .reason = 8, .scope = USERS)},
     CG_CRL_STATUS_REVOKED,
     6},
    {"delta alone", LEAF, {ON(.number = 4, .delta_base = 3)}, CG_CRL_STATUS_UNKNOWN, -1},

    {"indirect CRL that the certificate names",
     LEAF_DELEGATED,
     {ON(.by = BY_DELEGATE, .scope = INDIRECT), ON(.scope = CAS)},
     CG_CRL_STATUS_UNKNOWN,
     -1},
    {"indirect CRL, its signer covered",
     LEAF_DELEGATED,
     {ON(.by = BY_DELEGATE, .scope = INDIRECT), ON(.scope = POINT_2)},
     CG_CRL_STATUS_GOOD,
     -1},
    {"indirect CRL lists it under its issuer",
     LEAF_DELEGATED,
     {ON(.by = BY_DELEGATE, .scope = INDIRECT, .revoked = 5, .other_issuer = "CA"), ON(.scope = POINT_2)},
     CG_CRL_STATUS_REVOKED,
     -1},
    {"indirect CRL lists the number under its own name",
     LEAF_DELEGATED,
     {ON(.by = BY_DELEGATE, .scope = INDIRECT, .revoked = 5), ON(.scope = POINT_2)},
     CG_CRL_STATUS_GOOD,
     -1},
    {"indirect CRL that the certificate does not name",
     LEAF,
     {ON(.by = BY_DELEGATE, .scope = INDIRECT)},
     CG_CRL_STATUS_NO_CRL,
     -1},
    {"indirect CRL by the CA's key under another name, which nobody certified",
     LEAF_DELEGATED,
     {ON(.by = BY_ALIAS, .scope = INDIRECT), ON(.scope = POINT_2)},
     CG_CRL_STATUS_UNKNOWN,
     -1},
    {"direct CRL of the issuer that the certificate names",
     LEAF_DELEGATED,
     {ON(.by = BY_DELEGATE)},
     CG_CRL_STATUS_NO_CRL,
     -1},
};

static void add_entry(struct piece *entries, const struct list *list)
{
    const unsigned char serial = (unsigned char)list->revoked;
    if (!list->other_issuer) {
        der_entry(entries, &serial, 1, MAKER_NOW - DAY, list->reason ? list->reason : -1);
        return;
    }
    struct piece one = {0}, name = {0}, extensions = {0};
    const X509_NAME *issuer = X509_get_subject_name(ca.cert);
    unsigned char *der = NULL;
    int len = i2d_X509_NAME(issuer, &der);
    piece_add(&name, der, (size_t)len);
    piece_wrap(&name, 0xa4); /* directoryName */
    piece_wrap(&name, 0x30);
    der_extension(&extensions, 29, true, &name);
    piece_wrap(&extensions, 0x30);
    der_integer(&one, &serial, 1);
    der_time(&one, MAKER_NOW - DAY);
    piece_join(&one, &extensions);
    piece_wrap(&one, 0x30);
    piece_join(entries, &one);
    piece_free(&name);
    OPENSSL_free(der);
}

static void add_list(struct cg_crl_set *set, const struct list *list, const char *sentence)
{
    struct piece entries = {0}, extensions = {0}, value = {0};
    struct crl_shape shape = {.issuer = signers[list->by],
                              .number = list->number,
                              .this_update = list->from ? list->from : -DAY,
                              .next_update = list->until ? list->until : 7 * DAY,
                              .extensions = &extensions};
    struct cg_error err = {""};
    if (list->scope) {
        piece_add(&value, list->scope, strlen(list->scope));
        piece_wrap(&value, 0x30);
        der_extension(&extensions, 28, true, &value);
        piece_free(&value);
    }
    if (list->delta_base) {
        der_small(&value, 0x02, list->delta_base);
        der_extension(&extensions, 27, true, &value);
        piece_free(&value);
    }
    if (list->revoked) {
        add_entry(&entries, list);
        shape.entries = &entries;
    }
    size_t len;
    unsigned char *der = make_crl(&shape, &len);
    if (!cg_crl_set_add(set, der, len, issuers, false, &err))
        fail_msg("%s: %s", sentence, err.text);
    free(der);
    piece_free(&entries);
    piece_free(&extensions);
}

static const X509 *issuer_of(enum subject subject)
{
    if (subject == LEAF_BY_RENEWED)
        return renewed.cert;
    return subject == LEAF_BY_REKEYED ? rekeyed.cert : ca.cert;
}

static void check_row(const struct row *row, bool backwards)
{
    const struct cg_crl_params terms = {.now = MAKER_NOW, .max_age = 30 * DAY};
    struct cg_crl_set *set = cg_crl_set_new();
    struct cg_crl_answer answer;
    for (int i = 0; i < 3; i++) {
        const struct list *list = &row->lists[backwards ? 2 - i : i];
        if (list->there)
            add_list(set, list, row->sentence);
    }
    cg_crl_set_look_up(set, subjects[row->subject], issuer_of(row->subject), &terms, &answer);
    if (answer.status != row->expected || answer.reason != row->reason)
        fail_msg("%s%s: expected status %d reason %d, got %d and %d", row->sentence, backwards ? " (backwards)" : "",
                 row->expected, row->reason, answer.status, answer.reason);
    assert_true((answer.revoked_at == MAKER_NOW - DAY) == (row->expected == CG_CRL_STATUS_REVOKED));
    cg_crl_set_free(set);
}

/* The order in which the files come must not matter. */
static void status_of_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&rows[i], false);
        check_row(&rows[i], true);
    }
}

static enum cg_crl_status status_at(int64_t now, int64_t grace, int64_t skew, int64_t max_age)
{
    const struct list list = ON(.from = -DAY, .until = DAY);
    const struct cg_crl_params terms = {.now = now, .grace = grace, .skew = skew, .max_age = max_age};
    struct cg_crl_set *set = cg_crl_set_new();
    struct cg_crl_answer answer;
    add_list(set, &list, "terms");
    cg_crl_set_look_up(set, subjects[LEAF], ca.cert, &terms, &answer);
    assert_true(answer.this_update == MAKER_NOW - DAY && answer.next_update == MAKER_NOW + DAY);
    assert_string_equal(answer.number, "1");
    cg_crl_set_free(set);
    return answer.status;
}

static void limits_of_time(void **state)
{
    (void)state;
    assert_int_equal(status_at(MAKER_NOW + DAY, 0, 0, 0), CG_CRL_STATUS_GOOD);
    assert_int_equal(status_at(MAKER_NOW + DAY + 1, 0, 0, 0), CG_CRL_STATUS_EXPIRED);
    assert_int_equal(status_at(MAKER_NOW + DAY + 60, 60, 0, 0), CG_CRL_STATUS_GOOD);
    assert_int_equal(status_at(MAKER_NOW + DAY + 61, 60, 0, 0), CG_CRL_STATUS_EXPIRED);
    assert_int_equal(status_at(MAKER_NOW - DAY, 0, 0, 0), CG_CRL_STATUS_GOOD);
    assert_int_equal(status_at(MAKER_NOW - DAY - 1, 0, 0, 0), CG_CRL_STATUS_NOT_YET_VALID);
    assert_int_equal(status_at(MAKER_NOW - DAY - 60, 0, 60, 0), CG_CRL_STATUS_GOOD);
    assert_int_equal(status_at(MAKER_NOW, 0, 0, DAY), CG_CRL_STATUS_GOOD);
    assert_int_equal(status_at(MAKER_NOW + 1, 0, 0, DAY), CG_CRL_STATUS_TOO_OLD);
}

static void wrong_issuer_is_unknown(void **state)
{
    (void)state;
    const struct list list = ON(.revoked = 6);
    const struct cg_crl_params terms = {.now = MAKER_NOW};
    struct cg_crl_set *set = cg_crl_set_new();
    struct cg_crl_answer answer;
    add_list(set, &list, "wrong issuer");
    cg_crl_set_look_up(set, subjects[LEAF], stranger.cert, &terms, &answer);
    assert_int_equal(answer.status, CG_CRL_STATUS_UNKNOWN);
    cg_crl_set_free(set);
}

static X509 *leaf(const char *constraints, const char *points, const struct ca *issuer)
{
    const char *const extensions[] = {constraints, points, NULL};
    return make_cert("leaf", 5, ca.key, issuer, extensions);
}

static int set_up(void **state)
{
    (void)state;
    static const char *const crl_sign[] = {"keyUsage=critical,cRLSign", "crlDistributionPoints=URI:http:2", NULL};
    static const char *const odd_crl_sign[] = {"keyUsage=critical,cRLSign", "crlDistributionPoints=URI:http:2",
                                               "nsComment=critical,odd", NULL};
    const char *const no_ca = "basicConstraints=CA:FALSE";
    time_t now = MAKER_NOW;
    ca = make_ca("CA", NULL, NULL);
    renewed = make_ca("CA", NULL, ca.key);
    rekeyed = make_ca("CA", NULL, NULL);
    stranger = make_ca("Stranger", NULL, NULL);
    crl_key = make_ca("CA", NULL, NULL);
    X509_free(crl_key.cert);
    crl_key.cert = make_cert("CA", 77, crl_key.key, &ca, crl_sign);
    late_key = make_ca("CA", NULL, NULL);
    X509_free(late_key.cert);
    late_key.cert = make_cert("CA", 79, late_key.key, &ca, crl_sign);
    X509_time_adj_ex(X509_getm_notAfter(late_key.cert), 0, -60, &now);
    X509_sign(late_key.cert, ca.key, EVP_sha256());
    odd_key = make_ca("CA", NULL, NULL);
    X509_free(odd_key.cert);
    odd_key.cert = make_cert("CA", 80, odd_key.key, &ca, odd_crl_sign);
    alias = make_ca("Delegate", NULL, ca.key);
    delegate = make_ca("Delegate", NULL, NULL);
    X509_free(delegate.cert);
    delegate.cert = make_cert("Delegate", 78, delegate.key, &ca, crl_sign);
    long_name = make_ca(NAME_64, NULL, NULL);
    issuers = sk_X509_new_null();
    sk_X509_push(issuers, long_name.cert);
    sk_X509_push(issuers, rekeyed.cert);
    sk_X509_push(issuers, crl_key.cert);
    sk_X509_push(issuers, late_key.cert);
    sk_X509_push(issuers, odd_key.cert);
    sk_X509_push(issuers, stranger.cert);
    sk_X509_push(issuers, delegate.cert);
    sk_X509_push(issuers, alias.cert);
    sk_X509_push(issuers, ca.cert);
    subjects[LEAF] = leaf(no_ca, NULL, &ca);
    subjects[LEAF_CA] = leaf("basicConstraints=critical,CA:TRUE", NULL, &ca);
    subjects[LEAF_POINT_1] = leaf(no_ca, "crlDistributionPoints=URI:http:1", &ca);
    subjects[LEAF_POINTS_2_1] = leaf(no_ca, "crlDistributionPoints=URI:http:2,URI:http:1", &ca);
    subjects[LEAF_BY_RENEWED] = leaf(no_ca, NULL, &renewed);
    subjects[LEAF_BY_REKEYED] = leaf(no_ca, NULL, &rekeyed);
    /* cRLIssuer "Delegate" */
    subjects[LEAF_DELEGATED] = leaf(
        no_ca, "crlDistributionPoints=DER:301B3019A217A41530133111300F06035504030C0844656C6567617465", &ca);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < SUBJECTS; i++)
        X509_free(subjects[i]);
    sk_X509_free(issuers);
    free_ca(&ca);
    free_ca(&renewed);
    free_ca(&rekeyed);
    free_ca(&crl_key);
    free_ca(&late_key);
    free_ca(&odd_key);
    free_ca(&stranger);
    free_ca(&delegate);
    free_ca(&alias);
    free_ca(&long_name);
    return 0;
}

/* By those who read of them. */
static void scopes_are_distinguished(void **state)
{
    (void)state;
    static const struct {
        struct list list;
        const char *name;
    } scoped[] = {
        {ON(.number = 7), "CN=CA"},
        {ON(.scope = USERS), "CN=CA (end entities)"},
        {ON(.scope = CAS), "CN=CA (CA certificates)"},
        {ON(.scope = POINT_1), "CN=CA (http:1)"},
        {ON(.scope = POINT_2 USERS), "CN=CA (end entities, http:2)"},
        {ON(.scope = "\xa0\x0a\xa0\x08\x86\x06h\ntp:\x1f"), "CN=CA (h?tp:?)"},
        {ON(.scope = "\xa0\x0a\xa0\x08\x86\x06h tp~\x7f"), "CN=CA (h?tp~?)"},
        {ON(.scope = "\xa0\x0d\xa0\x0b\x82\x01"
                     "d\x86\x06http:1"),
         "CN=CA (http:1)"}, /* the second of two names */
        {ON(.scope = "\xa0\x81\x84\xa0\x81\x81\x86\x7f" LONG_127), "CN=CA (" LONG_127 ")"},
        {ON(.scope = "\xa0\x81\x86\xa0\x81\x83\x86\x81\x80" LONG_127 "f"),
         "CN=CA (" LONG_32 "01234567...cdef" LONG_32 LONG_32 "0123456789abcdef)"}, /* cut before its end */
        {ON(.scope = "\xa0\x0c\xa1\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01p"), "CN=CA (dirname:CN=p,CN=CA)"},
        {ON(.scope = "\xa0\x05\xa0\x03\x82\x01"
                     "d"),
         "CN=CA (dns:d)"},
        {ON(.scope = "\xa0\x12\xa0\x10\xa4\x0e\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01p"),
         "CN=CA (dirname:CN=p)"},

        {ON(.scope = ATTRS), "CN=CA (attribute certificates)"},
        {ON(.by = BY_DELEGATE, .scope = USERS INDIRECT), "CN=Delegate (end entities, indirect)"},
        {ON(.scope = KEY_CA), "CN=CA (some reasons)"},
        {ON(.number = 7, .delta_base = 3), "CN=CA (delta)"},
        {ON(.number = 7, .delta_base = 3, .scope = USERS), "CN=CA (delta, end entities)"},
    };
    for (size_t i = 0; i < sizeof scoped / sizeof scoped[0]; i++) {
        struct cg_crl_set *set = cg_crl_set_new();
        struct cg_crl_info info;
        add_list(set, &scoped[i].list, scoped[i].name);
        cg_crl_set_info(set, 0, &info);
        assert_string_equal(info.issuer, scoped[i].name);
        cg_crl_set_free(set);
    }
}

/* An issuer's name may fill its buffer; the text that distinguishes its CRLs has a separate one. */
static void a_long_name_leaves_room_for_the_scope(void **state)
{
    (void)state;
    static const char end[] = " (end entities, " LONG_96 ")";
    const struct list list = ON(.by = BY_LONG_NAME, .scope = "\xa0\x64\xa0\x62\x86\x60" LONG_96 USERS);
    struct cg_crl_set *set = cg_crl_set_new();
    struct cg_crl_info info;
    add_list(set, &list, "a long name");
    cg_crl_set_info(set, 0, &info);
    size_t len = strlen(info.issuer);
    assert_true(len > 255);
    assert_string_equal(info.issuer + len - strlen(end), end);
    assert_string_equal(info.scope, end);
    char title[CG_CRL_TITLE_MAX];
    cg_crl_info_title(&info, title);
    assert_int_equal(strlen(title), 48 + 3 + strlen(end));
    assert_memory_equal(title, info.issuer, 48);
    assert_string_equal(title + 48 + 3, end);
    cg_crl_set_free(set);
}

/* Of the name, which may be UTF-8, as much as there is room for; of the scope all. */
static void titles(void **state)
{
    (void)state;
    static const struct {
        const char *issuer;
        size_t scope; /* where it starts */
        const char *title;
    } names[] = {
        {"CN=CA", 5, "CN=CA"},
        {"CN=CA (delta)", 5, "CN=CA (delta)"},
        {LONG_96 LONG_32, 128, LONG_96 LONG_32},
        {LONG_96 LONG_32 "0", 129, LONG_96 LONG_32 "..."},
        {LONG_96 LONG_32 " (delta)", 128, LONG_96 "0123456789abcdef01234567... (delta)"},
        {LONG_96 "0123456789abcdef0123456789abcde\xc3\xa4", 129, LONG_127 "..."},
        {LONG_96 " (" LONG_96 ")", 96, LONG_32 "0123456789abcdef... (" LONG_96 ")"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char title[CG_CRL_TITLE_MAX];
        struct cg_crl_info info = {.issuer = names[i].issuer, .scope = names[i].issuer + names[i].scope};
        cg_crl_info_title(&info, title);
        assert_string_equal(title, names[i].title);
    }
}

/* What a look found holds up to the second before. */
static void the_next_change(void **state)
{
    (void)state;
    static const struct {
        int64_t from, until; /* of the CRL, from now */
        struct cg_crl_params terms;
        int64_t next; /* from now; 0: none */
    } changes[] = {
        {-DAY, DAY, {.max_age = 0}, DAY + 1},   {-DAY, DAY, {.grace = 60}, DAY + 61},
        {-DAY, DAY, {.max_age = DAY + 60}, 61}, {-DAY, DAY, {.max_age = DAY - 60}, DAY + 1},
        {60, DAY, {.max_age = 0}, 60},          {60, DAY, {.skew = 20}, 40},
        {60, DAY, {.skew = 120}, DAY + 1},      {-2 * DAY, -1, {.max_age = 0}, 0},
        {-2 * DAY, -DAY, {.max_age = 0}, 0},    {-2 * DAY, -DAY, {.grace = 2 * DAY}, DAY + 1},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const struct list list = ON(.from = changes[i].from, .until = changes[i].until);
        struct cg_crl_params terms = changes[i].terms;
        struct cg_crl_set *set = cg_crl_set_new();
        terms.now = MAKER_NOW;
        assert_int_equal(cg_crl_set_next_change(set, &terms), INT64_MAX);
        add_list(set, &list, "change");
        int64_t next = cg_crl_set_next_change(set, &terms);
        if (next != (changes[i].next ? MAKER_NOW + changes[i].next : INT64_MAX))
            fail_msg("row %zu: %lld", i, (long long)(next - MAKER_NOW));
        cg_crl_set_free(set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_of_each_row),
        cmocka_unit_test(limits_of_time),
        cmocka_unit_test(the_next_change),
        cmocka_unit_test(scopes_are_distinguished),
        cmocka_unit_test(wrong_issuer_is_unknown),
        cmocka_unit_test(a_long_name_leaves_room_for_the_scope),
        cmocka_unit_test(titles),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
