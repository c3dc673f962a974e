/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which clients are accepted, in both TLS versions, on a listener that does not request a certificate itself. */
#include "tls_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *sentence;
    const char *own;    /* the broker's certificate; NULL: none */
    const char *policy; /* the credential that the policy names; NULL: none */
    const char *client; /* the client's certificate; NULL: none */
    enum cg_certificate_use use;
    enum cg_mode no_certificate; /* mode of that rule */
    bool accepted;
    enum cg_reason reason;
    int alert; /* what the client gets; -1: none */
};

static const struct row rows[] = {
    {"a good client", "server", NULL, "good", CG_CERT_REQUIRED, CG_ENFORCE, true, CG_REASON_UNSET, -1},
    {"a good client, the policy's credential served in place of the broker's", "strangeserver", "server", "good",
     CG_CERT_REQUIRED, CG_ENFORCE, true, CG_REASON_UNSET, -1},
    {"a good client, the policy's credential, the broker has none", NULL, "server", "good", CG_CERT_REQUIRED,
     CG_ENFORCE, true, CG_REASON_UNSET, -1},
    {"the broker's own certificate is refused by the server rules", "strangeserver", NULL, "good", CG_CERT_REQUIRED,
     CG_ENFORCE, false, CG_REASON_CREDENTIAL_INVALID, SSL_AD_INTERNAL_ERROR},
    {"no certificate to serve at all", NULL, NULL, "good", CG_CERT_REQUIRED, CG_ENFORCE, false, CG_REASON_NO_CREDENTIAL,
     SSL_AD_INTERNAL_ERROR},
    {"an expired client", "server", NULL, "expired", CG_CERT_REQUIRED, CG_ENFORCE, false, CG_REASON_EXPIRED,
     SSL_AD_CERTIFICATE_EXPIRED},
    {"a client of an unknown CA with our CA's name", "server", NULL, "stranger", CG_CERT_REQUIRED, CG_ENFORCE, false,
     CG_REASON_UNSET, -2},
    {"a server's certificate as client", "server", NULL, "serverish", CG_CERT_REQUIRED, CG_ENFORCE, false,
     CG_REASON_WRONG_PURPOSE, SSL_AD_UNSUPPORTED_CERTIFICATE},
    {"no certificate", "server", NULL, NULL, CG_CERT_REQUIRED, CG_ENFORCE, false, CG_REASON_NO_CERTIFICATE, -2},
    {"no certificate, and it is optional", "server", NULL, NULL, CG_CERT_OPTIONAL, CG_ENFORCE, true, CG_REASON_UNSET,
     -1},
    {"an expired one, and it is optional", "server", NULL, "expired", CG_CERT_OPTIONAL, CG_ENFORCE, false,
     CG_REASON_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED},
    {"none is asked for", "server", NULL, "expired", CG_CERT_NONE, CG_ENFORCE, true, CG_REASON_UNSET, -1},
    {"no certificate, and the rule is only audited", "server", NULL, NULL, CG_CERT_REQUIRED, CG_AUDIT, true,
     CG_REASON_UNSET, -1},
};

static int last_alert;

static void watch_alerts(const SSL *ssl, int where, int value)
{
    (void)ssl;
    if (where == SSL_CB_READ_ALERT)
        last_alert = value & 0xff;
}

static void check_row(const struct row *row, int version)
{
    struct tls_fixture fixture;
    struct tls_link link;
    tls_fixture_open(&fixture);
    fixture.policy->base.client.certificate = row->use;
    fixture.policy->base.client.mode[CG_REASON_NO_CERTIFICATE] = row->no_certificate;
    tls_serve_policy_credential(&fixture, row->policy);
    SSL_CTX *server = tls_broker_context(&fixture, row->own);
    SSL_CTX *client = tls_peer_context(&fixture, version, version, row->client);
    SSL_CTX_set_info_callback(client, watch_alerts);
    last_alert = -1;
    tls_connect(&link, server, client);
    tls_run(&link);
    print_message("   %s %s: %s, %s\n", version == TLS1_3_VERSION ? "1.3" : "1.2", row->sentence,
                  cg_reason_row(fixture.calls.last.reason)->code, fixture.calls.last.detail);
    assert_int_equal(fixture.calls.accepted, row->accepted);
    assert_int_equal(fixture.calls.rejected, !row->accepted);
    assert_int_equal(link.server_done, row->accepted);
    if (row->reason != CG_REASON_UNSET || row->accepted)
        assert_int_equal(fixture.calls.last.reason, row->reason);
    assert_true(row->accepted || fixture.calls.last.detail[0]);
    assert_string_equal(fixture.calls.last.sni,
                        row->accepted || row->own || row->policy ? "localhost" : fixture.calls.last.sni);
    if (row->alert == -2)
        assert_int_not_equal(last_alert, -1);
    else
        assert_int_equal(last_alert, row->alert);
    assert_int_equal(last_alert, fixture.calls.last.alert_sent);
    if (row->accepted) {
        X509 *leaf = SSL_get1_peer_certificate(link.server);
        assert_int_equal(leaf != NULL, row->client && row->use != CG_CERT_NONE);
        struct cg_conn *conn = cg_hook_conn_of_certificate(leaf);
        assert_int_equal(conn != NULL, leaf != NULL);
        tls_talk(&link);
        cg_hook_connect_done(cg_hook_first());
        tls_talk(&link);
        X509_free(leaf);
    }
    tls_disconnect(&link);
    assert_int_equal(fixture.calls.accepted, row->accepted);
    assert_int_equal(fixture.calls.rejected, !row->accepted);
    assert_int_equal(fixture.calls.ended, 1);
    assert_null(cg_hook_first());
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    tls_fixture_close(&fixture);
}

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_row(&rows[i], TLS1_2_VERSION);
        check_row(&rows[i], TLS1_3_VERSION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
