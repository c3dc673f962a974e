/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lists that OpenSSL would refuse in every handshake, or that allow weak ciphers, are refused when the policy is
 * loaded. */
#include "core/policy/policy_load.h"
#include "lib/pki_maker.h"
#include "lib/scratch.h"
#include "tls/credential/preflight.h"
#include "tls/openssl/ciphers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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

    {"no encryption", ", \"tls\": {\"ciphers\": \"NULL-SHA256:@SECLEVEL=0\"}",
     "$.tls.ciphers: 'NULL-SHA256:@SECLEVEL=0' allows weak ciphers: NULL-SHA256 (no encryption); remove "
     "ciphers from the policy: the default has forward secrecy and AEAD. Or, while devices cannot do better, set "
     "$.tls.insecure_ciphers to true"},
    {"no forward secrecy", ", \"tls\": {\"ciphers\": \"ECDHE+AESGCM:AES128-GCM-SHA256\"}",
     "AES128-GCM-SHA256 (no forward secrecy); append \":!kRSA:"},
    {"CBC", ", \"tls\": {\"ciphers\": \"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA\"}",
     "ECDHE-ECDSA-AES128-SHA (no AEAD); append \":!SHA1:"},
    {"a tag of 8 bytes", ", \"tls\": {\"ciphers\": \"ECDHE+AESCCM\"}", "(a tag of 8 bytes); append \":!AESCCM8\""},
    {"a tag of 8 bytes in TLS 1.3", ", \"tls\": {\"ciphersuites\": \"TLS_AES_128_CCM_8_SHA256\"}",
     "TLS_AES_128_CCM_8_SHA256 (a tag of 8 bytes); remove them"},
    {"no encryption in TLS 1.3, which OpenSSL has since 3.4",
     ", \"tls\": {\"ciphersuites\": \"TLS_AES_128_GCM_SHA256:TLS_SHA256_SHA256\"}", "TLS_SHA256_SHA256"},
    {"many ciphers at fault", ", \"tls\": {\"ciphers\": \"DEFAULT\"}", " more (no AEAD)"},
    {"a low security level", ", \"tls\": {\"ciphers\": \"ECDHE+AESGCM:@SECLEVEL=1\"}",
     "@SECLEVEL=1 in 'ECDHE+AESGCM:@SECLEVEL=1' allows keys and digests that are too weak; write @SECLEVEL=2"},
    {"the same named insecure",
     ", \"tls\": {\"insecure_ciphers\": true, \"ciphers\": "
     "\"NULL-SHA256:ECDHE-ECDSA-AES128-SHA:AES128-SHA:@SECLEVEL=0\"}",
     NULL},
    {"no authentication", ", \"tls\": {\"ciphers\": \"aNULL:ECDHE+AESGCM\"}", "(no authentication)"},
    {"no authentication, named insecure",
     ", \"tls\": {\"insecure_ciphers\": true, \"ciphers\": \"aNULL:ECDHE+AESGCM:@SECLEVEL=0\"}",
     "(no authentication); append \":!aNULL\" to it; clients that support nothing else are then refused"},
    {"a bridge's ciphers", ", \"bridge\": {\"tls\": {\"ciphers\": \"AES128-SHA256\"}}", "$.bridge.tls.ciphers"},
    {"one listener's ciphers, the others sound",
     ", \"listeners\": [{\"port\": 1, \"tls\": {\"ciphers\": \"AES128-SHA256\"}}]",
     "set $.listeners[0].tls.insecure_ciphers to true"},
    {"one listener's ciphers named insecure",
     ", \"listeners\": [{\"port\": 1, \"tls\": {\"ciphers\": \"AES128-SHA256\", \"insecure_ciphers\": true}}]", NULL},

    {"ciphers of TLS 1.2 that the lowest version leaves no use for",
     ", \"tls\": {\"min_version\": \"1.3\", \"ciphers\": \"ECDHE+AESGCM\"}",
     "$.tls.ciphers: no handshake can use TLS 1.2 ciphers, since min_version is \"1.3\"; remove ciphers from the "
     "policy"},
    {"a bridge's", ", \"bridge\": {\"tls\": {\"min_version\": \"1.3\", \"ciphers\": \"ECDHE+AESGCM\"}}",
     "$.bridge.tls.ciphers: no handshake"},
    {"a listener of TLS 1.3 that inherits them",
     ", \"tls\": {\"ciphers\": \"ECDHE+AESGCM\"}, \"listeners\": [{\"port\": 1, \"tls\": {\"min_version\": "
     "\"1.3\"}}]",
     NULL},
    {"a listener of TLS 1.3 that has its own",
     ", \"listeners\": [{\"port\": 1, \"tls\": {\"min_version\": \"1.3\", \"ciphers\": \"ECDHE+AESGCM\"}}]",
     "$.listeners[0].tls.ciphers: no handshake"},
    {"a security level that leaves none",
     ", \"tls\": {\"ciphers\": \"ECDHE+AES128:!SHA256:!SHA1:!AESCCM8:@SECLEVEL=5\"}",
     "$.tls.ciphers: no handshake can use any of"},
    {"pre-shared keys without psk", ", \"tls\": {\"ciphers\": \"ECDHE-PSK-CHACHA20-POLY1305\"}",
     "$.tls.ciphers: no handshake can use any of"},
    {"pre-shared keys", ", \"tls\": {\"psk\": \"allow\", \"ciphers\": \"ECDHE-PSK-CHACHA20-POLY1305\"}", NULL},
    {"pre-shared keys without forward secrecy",
     ", \"tls\": {\"psk\": \"allow\", \"ciphers\": \"PSK-AES128-GCM-SHA256\"}",
     "PSK-AES128-GCM-SHA256 (no forward secrecy)"},
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
        bool ok = cg_preflight.policy(policy, &err);
        print_message("   %s: %s\n", rows[i].sentence, ok ? "taken" : err.text);
        assert_int_equal(ok, !rows[i].words);
        if (!ok)
            assert_non_null(strstr(err.text, rows[i].words));
        cg_policy_free(policy);
    }
}

/* The fix that is printed works: with it, the list passes. */
static void fixes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "DEFAULT", "ALL", "ALL:COMPLEMENTOFALL", "HIGH:!PSK", "ECDHE+AESCCM:kRSA", "aNULL:ECDHE+AESGCM"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[1024], list[512];
        struct cg_error err = {""};
        snprintf(list, sizeof list, "%s", texts[i]);
        for (int round = 0; round < 2; round++) {
            snprintf(text, sizeof text, "{\"trust\": {\"anchors\": \"ca.pem\"}, \"tls\": {\"ciphers\": \"%s\"}}", list);
            struct cg_policy *policy = cg_policy_parse("policy.json", text, strlen(text), &err);
            assert_non_null(policy);
            bool ok = cg_preflight.policy(policy, &err);
            cg_policy_free(policy);
            if (ok != (round == 1))
                fail_msg("%s: %s", list, err.text);
            const char *from = strstr(err.text, "append \""), *to = from ? strchr(from + 8, '"') : NULL;
            assert_true(round || to);
            if (!round)
                snprintf(list, sizeof list, "%s%.*s", texts[i], (int)(to - from - 8), from + 8);
        }
    }
}

/* ---- lists and keys */

#define NOW 1750000000

static const struct fit {
    const char *sentence, *list;
    bool rsa, ok;
} fits[] = {
    {"an EC key and its ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256", false, true},
    {"an EC key and RSA ciphers", "ECDHE-RSA-AES128-GCM-SHA256", false, false},
    {"an RSA key and its ciphers", "ECDHE-RSA-AES128-GCM-SHA256", true, true},
    {"an RSA key and EC ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256", true, false},
    {"an RSA key and both", "ECDHE+AESGCM", true, true},
};

static struct cg_policy *policy_with(const char *list, const char *chain, const char *key)
{
    char text[1024], credential[512] = "";
    struct cg_error err = {""};
    if (chain)
        snprintf(credential, sizeof credential, ", \"credential\": {\"chain\": \"%s\", \"key\": \"%s\"}", chain, key);
    snprintf(text, sizeof text, "{\"trust\": {\"anchors\": \"ca.pem\"}, \"tls\": {\"ciphers\": \"%s\"}%s}", list,
             credential);
    struct cg_policy *policy = cg_policy_parse("policy.json", text, strlen(text), &err);
    if (!policy)
        fail_msg("%s", err.text);
    return policy;
}

static const char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = cg_scratch_open("prove");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    cg_scratch_close();
    return 0;
}

static void keys_of_credentials(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(NOW);
    cg_pki_make(pki, "ca: ca\nec: server issuer=ca\nrsa: server issuer=ca key=rsa2048\n");
    const char *chain = cg_scratch_path("prove.pem"), *key = cg_scratch_path("prove.key");
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        const char *name = fits[i].rsa ? "rsa" : "ec";
        struct cg_error err = {""};
        cg_pki_write(pki, folder, "prove.pem", name);
        cg_pki_write_key(pki, folder, "prove.key", name);
        struct cg_policy *policy = policy_with(fits[i].list, chain, key);
        struct cg_credential *credential = cg_credential_load(chain, key, &err);
        if (!credential)
            fail_msg("%s", err.text);
        bool ok = cg_preflight.policy(policy, &err);
        print_message("   %s: %s\n", fits[i].sentence, ok ? "taken" : err.text);
        assert_int_equal(ok, fits[i].ok);
        assert_true(ok || strstr(err.text, chain));
        assert_true(ok || strstr(err.text, fits[i].rsa ? "add ECDHE-RSA ciphers" : "add ECDHE-ECDSA ciphers"));
        assert_int_equal(cg_preflight.credential(credential, &policy->base, &err), fits[i].ok);
        cg_credential_free(credential);
        cg_policy_free(policy);
    }
    cg_pki_free(pki);
}

static void the_broker_has(unsigned keys, int security_bits)
{
    const struct cg_strength strength = {keys, security_bits};
    cg_preflight_set_own_strength(&strength);
}

static void keys_of_the_broker(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        struct cg_error err = {""};
        struct cg_policy *policy = policy_with(fits[i].list, NULL, NULL);
        the_broker_has(0, 0);
        assert_true(cg_preflight.policy(policy, &err)); /* not known yet */
        the_broker_has(fits[i].rsa ? CG_AUTH_RSA : CG_AUTH_EC, 128);
        assert_int_equal(cg_preflight.policy(policy, &err), fits[i].ok);
        the_broker_has(CG_AUTH_RSA | CG_AUTH_EC, 128); /* two listeners */
        assert_true(cg_preflight.policy(policy, &err));
        the_broker_has(CG_AUTH_OTHER, 128);
        assert_false(cg_preflight.policy(policy, &err));
        cg_policy_free(policy);
    }
    the_broker_has(0, 0);
}

/* A level that the key, or a signature of the chain, is too weak for: OpenSSL would refuse every handshake. */
static const struct {
    const char *sentence, *list, *keys; /* of root, intermediate and leaf */
    const char *fix;                    /* words of it; NULL: taken */
} levels[] = {
    {"RSA-2048 at level 2", "ECDHE+AESGCM:@SECLEVEL=2", "rsa2048", NULL},
    {"RSA-2048 at level 3", "ECDHE+AESGCM:@SECLEVEL=3", "rsa2048", "write @SECLEVEL=2"},
    {"P-256 at level 3", "ECDHE+AESGCM:@SECLEVEL=3", "p256", NULL},
    {"P-256 at level 4", "ECDHE+AESGCM:@SECLEVEL=4", "p256", "write @SECLEVEL=3"},
    {"P-384 signed with SHA-256 at level 4", "ECDHE+AESGCM:@SECLEVEL=4", "p384", "write @SECLEVEL=3"},
};

static void levels_of_credentials(void **state)
{
    (void)state;
    char recipe[200];
    struct cg_pki *pki = cg_pki_new(NOW);
    const char *chain = cg_scratch_path("level.pem"), *key = cg_scratch_path("level.key");
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct cg_error err = {""};
        snprintf(recipe, sizeof recipe, "ca: ca key=%s\nleaf: server issuer=ca key=%s\n", levels[i].keys,
                 levels[i].keys);
        cg_pki_make(pki, recipe);
        cg_pki_write(pki, folder, "level.pem", "leaf");
        cg_pki_write_key(pki, folder, "level.key", "leaf");
        struct cg_policy *policy = policy_with(levels[i].list, chain, key);
        bool ok = cg_preflight.policy(policy, &err);
        print_message("   %s: %s\n", levels[i].sentence, ok ? "taken" : err.text);
        assert_int_equal(ok, !levels[i].fix);
        assert_true(ok || strstr(err.text, levels[i].fix));
        cg_policy_free(policy);
        policy = policy_with(levels[i].list, NULL, NULL);
        const struct cg_strength own = cg_strength_of(cg_pki_cert(pki, "leaf"), NULL);
        cg_preflight_set_own_strength(&own);
        assert_int_equal(cg_preflight.policy(policy, &err), !levels[i].fix);
        cg_policy_free(policy);
    }
    the_broker_has(0, 0);
    cg_pki_free(pki);
}

/* Listeners inherit the list: it is enough if one of them can use it. */
static const struct {
    const char *sentence, *json;
    bool ok;
} inherited[] = {
    {"used by a listener alone",
     "\"tls\": {\"min_version\": \"1.3\", \"ciphers\": \"ECDHE+AESGCM\"}, \"listeners\": [{\"port\": 1, \"tls\": "
     "{\"min_version\": \"1.2\"}}]",
     true},
    {"used by all but one listener",
     "\"tls\": {\"ciphers\": \"ECDHE+AESGCM\"}, \"listeners\": [{\"port\": 1, \"tls\": {\"min_version\": \"1.3\"}}]",
     true},
    {"pre-shared keys that a listener refuses",
     "\"tls\": {\"psk\": \"allow\", \"ciphers\": \"ECDHE-PSK-CHACHA20-POLY1305\"}, \"listeners\": [{\"port\": 1, "
     "\"tls\": {\"psk\": \"deny\"}}]",
     true},
    {"used by none",
     "\"tls\": {\"min_version\": \"1.3\", \"ciphers\": \"ECDHE+AESGCM\"}, \"listeners\": [{\"port\": 1}]", false},
    {"a listener's own that it cannot use",
     "\"listeners\": [{\"port\": 1, \"tls\": {\"min_version\": \"1.3\", \"ciphers\": \"ECDHE+AESGCM\"}}]", false},
};

static void lists_that_are_inherited(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof inherited / sizeof *inherited; i++) {
        char text[1024];
        struct cg_error err = {""};
        snprintf(text, sizeof text, "{\"trust\": {\"anchors\": \"ca.pem\"}, %s}", inherited[i].json);
        struct cg_policy *policy = cg_policy_parse("policy.json", text, strlen(text), &err);
        if (!policy)
            fail_msg("%s: %s", inherited[i].sentence, err.text);
        if (cg_preflight.policy(policy, &err) != inherited[i].ok)
            fail_msg("%s: %s", inherited[i].sentence, err.text);
        cg_policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists),
                                       cmocka_unit_test(fixes),
                                       cmocka_unit_test(keys_of_credentials),
                                       cmocka_unit_test(keys_of_the_broker),
                                       cmocka_unit_test(levels_of_credentials),
                                       cmocka_unit_test(lists_that_are_inherited)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
