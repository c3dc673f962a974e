/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lists that OpenSSL would refuse in every handshake are refused when the policy is loaded. */
#include "core/policy.h"
#include "tls/prove.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *sentence, *json, *words; /* words of the error; NULL: taken */
} rows[] = {
    {"no lists", "", NULL},
    {"good lists everywhere",
     ", \"tls\": {\"groups\": \"X25519:P-256\", \"ciphersuites\": \"TLS_AES_128_GCM_SHA256\", \"ciphers\": "
     "\"ECDHE+AESGCM:!AESCCM8:@STRENGTH\"}, \"bridge\": {\"tls\": {\"groups\": \"P-384\"}}",
     NULL},
    {"an unknown group", ", \"tls\": {\"groups\": \"X25519:P-255\"}", "$.tls.groups: OpenSSL does not know 'P-255'"},
    {"a misspelt cipher among good ones", ", \"tls\": {\"ciphers\": \"ECDHE+AESGCM:ECDHE-RSA-AES999-GCM-SHA384\"}",
     "$.tls.ciphers: OpenSSL does not know 'ECDHE-RSA-AES999-GCM-SHA384'"},
    {"ciphers that leave nothing", ", \"tls\": {\"ciphers\": \"ECDHE+AESGCM:!ALL\"}",
     "$.tls.ciphers: OpenSSL does not know 'ECDHE+AESGCM:!ALL'"},
    {"a TLS 1.2 name among cipher suites",
     ", \"tls\": {\"ciphersuites\": \"TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256\"}",
     "$.tls.ciphersuites: OpenSSL does not know 'ECDHE-RSA-AES128-GCM-SHA256'"},
    {"a bridge's group", ", \"bridge\": {\"tls\": {\"groups\": \"nonsense\"}}", "$.bridge.tls.groups"},
    {"one listener's cipher suites",
     ", \"listeners\": [{\"port\": 1}, {\"port\": 2, \"tls\": {\"ciphersuites\": \"AES\"}}]",
     "$.listeners[1].tls.ciphersuites"},
};

static void lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024];
        struct cg_error err = {""};
        snprintf(text, sizeof text, "{\"trust\": {\"anchors\": \"ca.pem\"}%s}", rows[i].json);
        struct cg_policy *policy = cg_policy_parse("policy.json", text, strlen(text), &err);
        if (!policy)
            fail_msg("%s: %s", rows[i].sentence, err.text);
        bool ok = cg_proofs.policy(policy, &err);
        print_message("   %s: %s\n", rows[i].sentence, ok ? "taken" : err.text);
        assert_int_equal(ok, !rows[i].words);
        if (!ok)
            assert_non_null(strstr(err.text, rows[i].words));
        cg_policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
