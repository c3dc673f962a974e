/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Statements about roots: which a device obeys. Each rule has a case in which it alone refuses. */
#include "core/base/datetime.h"
#include "core/renewal/statement.h"
#include "lib/pki_maker.h"
#include "lib/renewal_maker.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000)

static struct cg_pki *pki;
static struct cg_made made; /* the statement at hand */

static int set_up(void **state)
{
    (void)state;
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "old: ca\nsub: ca issuer=old\nspare: ca\nnext: ca\nstranger: ca\n"
                     "limited: ca nc=permitted;DNS:a.example\ndev: issuer=old");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cg_pki_free(pki);
    return 0;
}

static X509 *cert(const char *name)
{
    return cg_pki_cert(pki, name);
}

static void parse(struct cg_statement *statement)
{
    struct cg_refusal refusal;
    assert_true(cg_statement_parse(made.data, made.len, statement, &refusal));
    ERR_clear_error();
}

/* holds: the names of the held roots. */
static enum cg_reason take(const char *holds, const unsigned char *dropped, size_t ndropped, int64_t now)
{
    struct cg_statement statement;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    X509 *root = NULL;
    const struct cg_held_roots held = {cg_pki_stack(pki, holds), dropped, ndropped};
    parse(&statement);
    const bool ok = cg_statement_new_root(&statement, &held, now, &root, &refusal);
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(ok, root != NULL);
    assert_int_equal(ok, refusal.reason == CG_REASON_UNSET);
    X509_free(root);
    sk_X509_pop_free(held.roots, X509_free);
    return ok ? CG_REASON_UNSET : refusal.reason; /* OK means that there is nothing to do */
}

#define TAKEN   CG_REASON_UNSET
#define NOTHING CG_REASON_OK

static const struct {
    const char *what, *recipe, *root, *holder, *signer, *holds;
    enum cg_reason reason;
} rows[] = {
    {"a new root", NULL, "next", "old", "old", "old", TAKEN},
    {"by the second of two held roots", NULL, "next", "spare", "spare", "old spare", TAKEN},
    {"that is held already", NULL, "next", "old", "old", "old next", NOTHING},
    {"nothing is held", NULL, "next", "old", "old", "", CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"by a root that is not held", NULL, "next", "stranger", "stranger", "old", CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"by the issuing CA, in its own name", NULL, "next", "sub", "sub", "old", CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"by the issuing CA, in the root's name", NULL, "next", "old", "sub", "old", CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"by a device", NULL, "next", "old", "dev", "old", CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"by one root in the name of another", NULL, "next", "spare", "old", "old spare", CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"by itself", NULL, "next", "next", "next", "old", CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"an intermediate", NULL, "sub", "old", "old", "old", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"with its own name, signed by another", "r: ca signer=stranger", "r", "old", "old", "old",
     CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"with a broken signature of its own", "r: ca broken-signature", "r", "old", "old", "old",
     CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"not a CA", "r: bc=critical,CA:FALSE ku=keyCertSign", "r", "old", "old", "old", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"without basicConstraints", "r: ca bc=none", "r", "old", "old", "old", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"without keyUsage", "r: ca ku=none", "r", "old", "old", "old", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"for CRLs alone", "r: ca ku=cRLSign", "r", "old", "old", "old", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"version 1", "r: bare version=1", "r", "old", "old", "old", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"that has ended", "r: ca days=-10..-1", "r", "old", "old", "old", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"that starts tomorrow", "r: ca days=1..100", "r", "old", "old", "old", TAKEN},
    {"with malformed dates", "r: ca raw-not-after=991331000000Z", "r", "old", "old", "old",
     CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"the same constraints", "r: ca nc=permitted;DNS:a.example", "r", "limited", "limited", "limited", TAKEN},
    {"other constraints", "r: ca nc=permitted;DNS:b.example", "r", "limited", "limited", "limited",
     CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"no constraints", NULL, "next", "limited", "limited", "limited", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"more constraints", "r: ca nc=permitted;DNS:b.example", "r", "old", "old", "old", TAKEN},
    {"RSA for P-256", "r: ca key=rsa2048", "r", "old", "old", "old", TAKEN},
    {"Ed25519 for RSA", "o: ca key=rsa2048\nr: ca key=ed25519", "r", "o", "o", "o", TAKEN},
};

static void test_new_root(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].recipe)
            cg_pki_make(pki, rows[i].recipe);
        cg_statement_make(cert(rows[i].root), cert(rows[i].holder), cg_pki_key(pki, rows[i].signer), &made);
        const enum cg_reason reason = take(rows[i].holds, NULL, 0, NOW);
        if (reason != rows[i].reason)
            print_error("%s: %s\n", rows[i].what, cg_reason_row(reason)->code);
        assert_int_equal(reason, rows[i].reason);
    }
}

static void test_clock_not_set(void **state)
{
    (void)state;
    cg_pki_make(pki, "ended: ca days=-10..-1");
    cg_statement_make(cert("ended"), cert("old"), cg_pki_key(pki, "old"), &made);
    assert_int_equal(take("old", NULL, 0, CG_TIME_NONE), TAKEN);
    assert_int_equal(take("old", NULL, 0, NOW - 2 * CG_DAY), TAKEN);
    assert_int_equal(take("old", NULL, 0, NOW), CG_REASON_RENEWAL_NOT_ACCEPTED);
}

/* A root that was dropped does not come again, whoever signs for it. */
static void test_dropped(void **state)
{
    (void)state;
    unsigned char dropped[64] = {0};
    cg_statement_make(cert("next"), cert("old"), cg_pki_key(pki, "old"), &made);
    assert_int_equal(take("old", dropped, 2, NOW), TAKEN);
    assert_int_equal(X509_digest(cert("next"), EVP_sha256(), dropped + 32, NULL), 1);
    assert_int_equal(take("old", dropped, 2, NOW), CG_REASON_RENEWAL_NOT_ACCEPTED);
    assert_int_equal(take("old", dropped, 1, NOW), TAKEN);
}

/* A device that slept through two rollovers walks from root to root. */
static void test_walk(void **state)
{
    (void)state;
    cg_pki_make(pki, "third: ca");
    cg_statement_make(cert("third"), cert("next"), cg_pki_key(pki, "next"), &made);
    assert_int_equal(take("old", NULL, 0, NOW), CG_REASON_RENEWAL_BAD_SIGNATURE);
    assert_int_equal(take("old next", NULL, 0, NOW), TAKEN);
}

static enum cg_reason drop(const char *holds, const char *reached, const char *own)
{
    struct cg_statement statement;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    const struct cg_held_roots held = {cg_pki_stack(pki, holds), NULL, 0};
    parse(&statement);
    const bool ok = cg_statement_drops(&statement, &held, reached ? cert(reached) : NULL, own ? cert(own) : NULL,
                                       &refusal);
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(ok, refusal.reason == CG_REASON_UNSET);
    sk_X509_pop_free(held.roots, X509_free);
    return ok ? CG_REASON_UNSET : refusal.reason;
}

#define DROPPED CG_REASON_UNSET

static const struct {
    const char *what, *root, *signer, *holds, *reached, *own;
    enum cg_reason reason;
} drops[] = {
    {"by the new root", "old", "next", "old next", "next", "next", DROPPED},
    {"by itself", "old", "old", "old next", "old", "next", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"by itself, reached by the new one", "old", "old", "old next", "next", "next", CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"of what is not held", "stranger", "next", "old next", "next", "next", NOTHING},
    {"by what is not held", "old", "stranger", "old next", "stranger", "next", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"by a held root through which no broker was reached", "old", "spare", "old next spare", "next", "next",
     CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"by an issuing CA", "old", "sub", "old next", "next", "next", CG_REASON_RENEWAL_BAD_SIGNATURE},
    {"no broker was reached", "old", "next", "old next", NULL, "next", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"the own root is unknown", "old", "next", "old next", "next", NULL, CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"of the own root", "old", "next", "old next", "next", "old", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"of the only root", "old", "old", "old", "old", "old", CG_REASON_RENEWAL_NOT_ACCEPTED},
};

static void test_drop(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof drops / sizeof *drops; i++) {
        cg_statement_make_drop(cert(drops[i].root), cg_pki_key(pki, drops[i].signer), &made);
        const enum cg_reason reason = drop(drops[i].holds, drops[i].reached, drops[i].own);
        if (reason != drops[i].reason)
            print_error("%s: %s\n", drops[i].what, cg_reason_row(reason)->code);
        assert_int_equal(reason, drops[i].reason);
    }
}

/* Neither kind passes for the other. */
static void test_kinds(void **state)
{
    (void)state;
    cg_statement_make_drop(cert("old"), cg_pki_key(pki, "next"), &made);
    assert_int_equal(take("old next", NULL, 0, NOW), CG_REASON_RENEWAL_MALFORMED);
    cg_statement_make(cert("next"), cert("old"), cg_pki_key(pki, "old"), &made);
    assert_int_equal(drop("old next", "next", "next"), CG_REASON_RENEWAL_MALFORMED);
}

static bool parses(size_t len)
{
    struct cg_statement statement;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    unsigned char *exact = malloc(len ? len : 1); /* so that a sanitizer sees what is read beyond the end */
    assert_non_null(exact);
    memcpy(exact, made.data, len);
    const bool ok = cg_statement_parse(exact, len, &statement, &refusal);
    free(exact);
    assert_true(ok || (refusal.reason == CG_REASON_RENEWAL_MALFORMED && refusal.detail[0]));
    return ok;
}

static void test_shape(void **state)
{
    (void)state;
    cg_statement_make(cert("next"), cert("old"), cg_pki_key(pki, "old"), &made);
    const size_t root = (size_t)i2d_X509(cert("next"), NULL);
    for (size_t len = 0; len <= made.len; len++)
        assert_int_equal(parses(len), len > root);
    made.data[0] = 0x31;
    assert_false(parses(made.len));
    cg_statement_make_drop(cert("old"), cg_pki_key(pki, "next"), &made);
    assert_int_equal(made.data[0], 0x00);
    for (size_t len = 0; len <= made.len; len++)
        assert_int_equal(parses(len), len > 33);
    made.data[0] = 0x01; /* without the 0x00 it is nothing */
    assert_false(parses(made.len));
    memset(made.data, 0, sizeof made.data);
    assert_true(parses(CG_STATEMENT_MAX));
    assert_false(parses(CG_STATEMENT_MAX + 1));
}

/* Nothing can be changed after it was signed, and no part of it means anything. */
static void test_flips(void **state)
{
    (void)state;
    X509 *root = NULL;
    const struct cg_held_roots held = {cg_pki_stack(pki, "old spare"), NULL, 0};
    for (int kind = 0; kind < 2; kind++) {
        if (kind == 0)
            cg_statement_make(cert("next"), cert("old"), cg_pki_key(pki, "old"), &made);
        else
            cg_statement_make_drop(cert("old"), cg_pki_key(pki, "spare"), &made);
        for (size_t bit = 0; bit <= 8 * made.len; bit++) {
            struct cg_statement statement;
            struct cg_refusal refusal;
            if (bit < 8 * made.len)
                made.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
            const bool ok = cg_statement_parse(made.data, made.len, &statement, &refusal) &&
                            (cg_statement_new_root(&statement, &held, NOW, &root, &refusal) ||
                             cg_statement_drops(&statement, &held, cert("spare"), cert("spare"), &refusal));
            assert_int_equal(ok, bit == 8 * made.len);
            X509_free(root);
            root = NULL;
            if (bit < 8 * made.len)
                made.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
    }
    sk_X509_pop_free(held.roots, X509_free);
}

static void test_size(void **state)
{
    (void)state;
    cg_pki_make(pki, "small: ca cn=root san=none");
    cg_statement_make(cert("small"), cert("old"), cg_pki_key(pki, "old"), &made);
    print_message("a statement with P-256: %zu octets\n", made.len);
    assert_in_range(made.len, 1, 1024 - 64); /* one packet */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_root), cmocka_unit_test(test_clock_not_set), cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_walk),     cmocka_unit_test(test_drop),          cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_shape),    cmocka_unit_test(test_flips),         cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests_name("statements about roots", tests, set_up, tear_down);
}
