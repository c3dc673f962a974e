/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Live sessions share the CA certificates that their clients sent, and nobody sees a difference. */
#include "tls_fixture.h"

#include "tls/conn/record.h"
#include "tls/openssl/issuers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct cg_pki *pki;
static SSL_CTX *server;

static int setup(void **state)
{
    int failed = tls_setup(state);
    pki = shared_fixture.pki;
    cg_pki_make(pki,
                "inter: ca issuer=ca cn=inter\none: issuer=inter\ntwo: issuer=inter\nlate: issuer=inter days=-9..-1\n"
                "unused: ca issuer=ca cn=unused");
    server = tls_broker_context(&shared_fixture, "server");
    return failed;
}

static int teardown(void **state)
{
    SSL_CTX_free(server);
    return tls_teardown(state);
}

/* chain: names of the certificates that follow the leaf. */
static void visit(struct tls_link *link, int version, const char *leaf, const char *chain)
{
    SSL_CTX *client = tls_peer_context(&shared_fixture, version, version, leaf);
    STACK_OF(X509) *sent = cg_pki_stack(pki, chain);
    assert_int_equal(SSL_CTX_set1_chain(client, sent), 1);
    sk_X509_pop_free(sent, X509_free);
    tls_connect(link, server, client);
    tls_run(link);
    SSL_CTX_free(client);
}

static X509 *stored(const struct tls_link *link, int depth)
{
    return sk_X509_value(SSL_get_peer_cert_chain(link->server), depth - 1); /* a server's has no leaf */
}

static void equal_certificates_are_one(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct tls_link one, two;
    assert_true(cg_issuers_are_proven());
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        visit(&one, versions[i], "one", "inter ca");
        visit(&two, versions[i], "two", "unused inter");
        assert_true(one.server_done && two.server_done);
        assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(one.server)), 2);
        assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(two.server)), 2);
        assert_ptr_equal(stored(&one, 1), stored(&two, 2));
        assert_int_equal(X509_cmp(stored(&one, 1), cg_pki_cert(pki, "inter")), 0);
        assert_int_equal(X509_cmp(stored(&one, 2), cg_pki_cert(pki, "ca")), 0);
        assert_int_equal(X509_cmp(stored(&two, 1), cg_pki_cert(pki, "unused")), 0);
        assert_ptr_equal(sk_X509_value(cg_conn_of(one.server)->path, 1), stored(&one, 1));
        assert_ptr_equal(sk_X509_value(cg_conn_of(two.server)->path, 1), stored(&one, 1));
        assert_int_equal(X509_cmp(SSL_get0_peer_certificate(two.server), cg_pki_cert(pki, "two")), 0);
        tls_talk(&two);
        tls_disconnect(&one); /* the other keeps what it needs */
        assert_int_equal(X509_cmp(sk_X509_value(cg_conn_of(two.server)->path, 1), cg_pki_cert(pki, "inter")), 0);
        tls_disconnect(&two);
    }
}

/* What a refused client sends is neither stored nor replaced. */
static void a_refused_client_adds_none(void **state)
{
    (void)state;
    struct tls_link one, late;
    visit(&late, TLS1_2_VERSION, "late", "inter");
    assert_true(late.server_failed);
    tls_disconnect(&late);
    visit(&one, TLS1_3_VERSION, "one", "inter");
    X509 *first = stored(&one, 1);
    assert_true(first != cg_pki_cert(pki, "inter")); /* received, not of this process */
    assert_ptr_equal(cg_issuers_shared(first), first);
    tls_disconnect(&one);
}

/* If OpenSSL copied the stack, replacing would release certificates that this plugin does not own. */
static void nothing_is_replaced_if_that_is_not_proven(void **state)
{
    (void)state;
    struct tls_link one, two;
    cg_issuers_set_proven(false);
    visit(&one, TLS1_3_VERSION, "one", "inter");
    visit(&two, TLS1_3_VERSION, "two", "inter");
    assert_true(one.server_done && two.server_done);
    assert_true(stored(&one, 1) != stored(&two, 1));
    assert_true(cg_issuers_are_of(two.server));
    assert_false(cg_issuers_are_of(one.server));
    tls_disconnect(&one);
    tls_disconnect(&two);
}

static void the_number_is_bounded(void **state)
{
    (void)state;
    X509 *first = cg_pki_cert(pki, "inter");
    X509 *same = X509_dup(first);
    assert_ptr_equal(cg_issuers_shared(first), first);
    assert_ptr_equal(cg_issuers_shared(same), first);
    for (int i = 0; i < CG_ISSUERS_SHARED_MAX; i++) {
        char recipe[64], name[16];
        snprintf(name, sizeof name, "ca-%d", i);
        snprintf(recipe, sizeof recipe, "%s: ca issuer=ca cn=%s", name, name);
        cg_pki_make(pki, recipe);
        assert_ptr_equal(cg_issuers_shared(cg_pki_cert(pki, name)), cg_pki_cert(pki, name));
    }
    assert_ptr_equal(cg_issuers_shared(same), same); /* the oldest one made room */
    X509_free(same);
}

#define SUBS (CG_ISSUERS_SHARED_MAX + 6)

/* Clients of more CAs than there are places, which send their certificates twice, and those of others: live sessions keep what
 * they have, even after the table has forgotten it. */
static void displaced_certificates_live_on(void **state)
{
    (void)state;
    static struct tls_link link[SUBS];
    for (int i = 0; i < SUBS; i++) {
        char recipe[128], leaf[16], chain[64];
        snprintf(recipe, sizeof recipe, "sub-%d: ca issuer=ca cn=sub\nleaf-%d: issuer=sub-%d", i, i, i);
        cg_pki_make(pki, recipe);
        snprintf(leaf, sizeof leaf, "leaf-%d", i);
        snprintf(chain, sizeof chain, "sub-%d sub-%d leaf-%d sub-%d ca", i, i ? i - 1 : 0, i, i);
        visit(&link[i], i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION, leaf, chain);
        assert_true(link[i].server_done);
        X509 *own = SSL_get0_peer_certificate(link[i].server);
        assert_ptr_equal(cg_conn_of_leaf(own), cg_conn_of(link[i].server));
        assert_true(stored(&link[i], 3) != own);
        assert_ptr_equal(stored(&link[i], 1), stored(&link[i], 4));
        if (i > 0)
            assert_ptr_equal(stored(&link[i], 2), stored(&link[i - 1], 1));
    }
    cg_issuers_forget();
    for (int i = 0; i < SUBS; i++) {
        char name[16];
        snprintf(name, sizeof name, "sub-%d", i);
        tls_talk(&link[i]);
        assert_int_equal(X509_cmp(stored(&link[i], 1), cg_pki_cert(pki, name)), 0);
        assert_int_equal(X509_cmp(sk_X509_value(cg_conn_of(link[i].server)->path, 1), cg_pki_cert(pki, name)), 0);
        tls_disconnect(&link[i]);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(equal_certificates_are_one),
        CASE(a_refused_client_adds_none),
        CASE(nothing_is_replaced_if_that_is_not_proven),
        CASE(the_number_is_bounded),
        CASE(displaced_certificates_live_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
