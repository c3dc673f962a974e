/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The policy: what is refused and with which words, what the defaults are, how listeners and rules are settled. */
#include "core/policy/policy_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cg_policy *parse(const char *json)
{
    struct cg_error err = {""};
    struct cg_policy *policy = cg_policy_parse("/etc/cg/policy.json", json, strlen(json), &err);
    if (!policy)
        fail_msg("%s\n%s", json, err.text);
    return policy;
}

/* ---- what is refused */

static const struct {
    const char *sentence, *json, *words; /* words: after the file name */
} refused[] = {
    {"an empty file", "", "line 1, column 1: not valid JSON"},
    {"a file cut in an object", "{\"tls\": {\n", "the file ends too early"},
    {"a file cut in a string", "{\"tls", "the file ends inside a string"},
    {"a missing comma names line and column", "{\n  \"plain\": \"deny\"\n  \"mode\": \"audit\"\n}",
     "line 3, column 3:"},
    {"a comma too many", "{\"plain\": \"deny\",}", "not valid JSON from here on"},
    {"text after the end", "{}\n{}", "line 2, column 1: text after the end"},
    {"an array is no policy", "[]", "$: expected an object"},
    {"nesting that no policy has", "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "nested too deep"},
    {"an escaped NUL in a string", "{\"log\":{\"file\":\"a\\u0000b\"}}", "found \\u0000"},
    {"a byte that is not UTF-8", "{\"log\":{\"file\":\"\xc3(\"}}", "not UTF-8"},
    {"an overlong UTF-8 slash", "{\"log\":{\"file\":\"\xc0\xaf\"}}", "not UTF-8"},
    {"a raw line break in a string", "{\"log\":{\"file\":\"a\nb\"}}", "control character"},
    {"a control character by escape", "{\"log\":{\"file\":\"a\\u0007b\"}}", "$.log.file: expected a path"},
    {"a key twice", "{\"mode\":\"audit\",\"mode\":\"enforce\"}", "$.mode: duplicate key"},
    {"a key twice inside a listener", "{\"listeners\":[{\"port\":1,\"tls\":{\"psk\":\"deny\",\"psk\":\"allow\"}}]}",
     "$.listeners[0].tls.psk: duplicate key"},
    {"an unknown key with a near one", "{\"client\":{\"rsa_min_bit\":2048}}",
     "$.client.rsa_min_bit: unknown key; did you mean \"rsa_min_bits\"?"},
    {"an unknown key far from all", "{\"frobnication\":1}", "$.frobnication: unknown key; the keys are listed"},
    {"a key one level too high", "{\"anchors\":\"ca.pem\"}",
     "$.anchors: this key is not allowed here; it belongs at $.trust.anchors"},
    {"keys are case sensitive", "{\"Mode\":\"audit\"}", "$.Mode: unknown key; did you mean \"mode\"?"},
    {"a client key in the server section", "{\"server\":{\"certificate\":\"none\"}}",
     "$.server.certificate: this key is not allowed here; it belongs at $.client.certificate"},
    {"a top-level key in a listener", "{\"listeners\":[{\"port\":1,\"log\":{}}]}",
     "$.listeners[0].log: this key is not allowed here; it belongs at $.log"},
    {"a listener has no trust of its own", "{\"listeners\":[{\"port\":1,\"server\":{\"trust\":{}}}]}",
     "$.listeners[0].server.trust: this key is not allowed here; it belongs at $.server.trust"},
    {"clients have no trust but the top level's", "{\"client\":{\"trust\":{}}}",
     "$.client.trust: this key is not allowed"},
    {"CRLs for the broker's own certificate, and no anchors", "{\"server\":{\"trust\":{\"crls\":\"a\"}}}",
     "$.server: trust names intermediates or CRLs, but no anchors"},
    {"CRLs required of the broker's own, and none named",
     "{\"server\":{\"trust\":{\"anchors\":\"a\",\"crl_required\":true}}}", "$.server.trust: crl_required is true"},
    {"a bridge has no session tickets", "{\"bridge\":{\"tls\":{\"resumption\":\"off\"}}}",
     "this key is not allowed here"},
    {"null at the top level", "{\"mode\":null}", "$.mode: expected \"enforce\" or \"audit\", found null"},
    {"a number for a word", "{\"mode\":1}", "found 1"},
    {"mode cannot be off", "{\"mode\":\"off\"}", "expected \"enforce\" or \"audit\", found \"off\""},
    {"a string for a number", "{\"client\":{\"rsa_min_bits\":\"2048\"}}", "expected a whole number from 2048 to 16384"},
    {"a fraction", "{\"client\":{\"max_chain\":1.5}}", "found 1.5"},
    {"a number too small", "{\"client\":{\"rsa_min_bits\":1024}}", "found 1024; the default is 2048"},
    {"a number beyond all bounds", "{\"client\":{\"max_chain\":1e999}}", "expected a whole number from 1 to 100"},
    {"a negative number", "{\"client\":{\"max_depth\":-1}}", "from 0 to 32, found -1"},
    {"a word for a bool", "{\"client\":{\"strict\":\"yes\"}}", "expected true or false"},
    {"a duration without its unit", "{\"client\":{\"max_lifetime\":\"90\"}}", "expected a duration with its unit"},
    {"a duration as a number", "{\"client\":{\"max_lifetime\":90}}", "expected a duration with its unit"},
    {"a duration with an unknown unit", "{\"client\":{\"max_lifetime\":\"3y\"}}", "(s, m, h, d, w)"},
    {"a duration with a space", "{\"client\":{\"max_lifetime\":\"90 d\"}}", "found \"90 d\""},
    {"a negative duration", "{\"client\":{\"max_lifetime\":\"-1d\"}}", "found \"-1d\""},
    {"a duration that overflows", "{\"client\":{\"max_lifetime\":\"999999999999999w\"}}", "expected a duration"},
    {"a duration out of range", "{\"tls\":{\"handshake_timeout\":\"50ms\"}}", "\"100ms\" to \"10m\""},
    {"a size with a wrong unit", "{\"client\":{\"max_chain_bytes\":\"64KB\"}}", "(B, KiB, MiB, GiB)"},
    {"a key algorithm that does not exist", "{\"client\":{\"key_algorithms\":[\"rsa\",\"dsa\"]}}",
     "$.client.key_algorithms[1]: expected"},
    {"a word in place of an array", "{\"client\":{\"key_algorithms\":\"rsa\"}}", "expected an array of \"rsa\""},
    {"SHA-1 by its plain name", "{\"client\":{\"signature_digests\":[\"sha1\"]}}", "found \"sha1\""},
    {"TLS 1.1", "{\"tls\":{\"min_version\":\"1.1\"}}", "expected \"1.2\" or \"1.3\""},
    {"an empty file name", "{\"trust\":{\"anchors\":\"\"}}", "$.trust.anchors: expected a path"},
    {"a number among file names", "{\"trust\":{\"anchors\":[\"a\",1]}}", "$.trust.anchors[1]: expected a path"},
    {"an OID with a letter", "{\"client\":{\"certificate_policies\":{\"oids\":[\"1.2.x\"]}}}", "expected a dotted OID"},
    {"an OID that cannot be", "{\"client\":{\"extensions\":[{\"oid\":\"9.9.9\"}]}}", "expected a dotted OID"},
    {"a name instead of an OID", "{\"client\":{\"extensions\":[{\"oid\":\"CN\"}]}}", "expected a dotted OID"},
    {"an extension without its OID", "{\"client\":{\"extensions\":[{\"text\":\"a\"}]}}",
     "$.client.extensions[0].oid: the key is missing"},
    {"an extension required and forbidden",
     "{\"client\":{\"extensions\":[{\"oid\":\"1.2.3\",\"required\":true,\"forbidden\":true}]}}",
     "cannot be combined with \"required\""},
    {"two entries that contradict each other",
     "{\"client\":{\"extensions\":[{\"oid\":\"1.2.3\"},{\"oid\":\"1.2.3\",\"forbidden\":true}]}}",
     "extension 1.2.3 is both required and forbidden"},
    {"a forbidden extension with a value",
     "{\"client\":{\"extensions\":[{\"oid\":\"1.2.3\",\"forbidden\":true,\"text\":\"a\"}]}}", "cannot have a value"},
    {"required set to false", "{\"client\":{\"extensions\":[{\"oid\":\"1.2.3\",\"required\":false}]}}",
     "expected true"},
    {"two ways to match", "{\"client\":{\"extensions\":[{\"oid\":\"1.2.3\",\"text\":\"a\",\"hex\":\"aa\"}]}}",
     "cannot be combined with \"text\""},
    {"half a byte of hex", "{\"client\":{\"extensions\":[{\"oid\":\"1.2.3\",\"hex\":\"abc\"}]}}", "whole bytes in hex"},
    {"an empty choice", "{\"client\":{\"subject\":[{\"attribute\":\"O\",\"one_of\":[]}]}}", "one or more strings"},
    {"an attribute that does not exist", "{\"client\":{\"subject\":[{\"attribute\":\"Zz\",\"equals\":\"a\"}]}}",
     "expected an attribute such as"},
    {"a short fingerprint", "{\"deny\":[{\"sha256\":\"aabb\"}]}", "64 hex digits"},
    {"a serial number without its issuer", "{\"deny\":[{\"serial\":\"01\"}]}", "only together"},
    {"an issuer alone", "{\"deny\":[{\"issuer\":\"CN=x\"}]}", "expected \"sha256\""},
    {"serial zero", "{\"deny\":[{\"serial\":\"00\",\"issuer\":\"CN=x\"}]}", "above zero"},
    {"a note alone", "{\"admin\":[{\"note\":\"me\"}]}", "$.admin[0]: expected \"sha256\""},
    {"an empty identity", "{\"admin\":[{\"identity\":\"\"}]}", "$.admin[0].identity: expected a string"},
    {"an identity and a fingerprint",
     "{\"admin\":[{\"identity\":\"a\",\"sha256\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}]"
     "}",
     "cannot be combined with"},
    {"an identity and an issuer", "{\"admin\":[{\"identity\":\"a\",\"issuer\":\"CN=x\"}]}",
     "$.admin[0]: \"identity\" cannot be combined with \"issuer\""},
    {"an identity on the deny list", "{\"deny\":[{\"identity\":\"a\"}]}",
     "$.deny[0].identity: this key is not allowed"},
    {"renewal without a spool", "{\"renewal\":{}}", "$.renewal.spool: the key is missing"},
    {"a signer by nothing", "{\"renewal\":{\"spool\":\"s\",\"signers\":[{\"note\":\"me\"}]}}",
     "$.renewal.signers[0]: expected \"sha256\""},
    {"a CA to move from by identity", "{\"renewal\":{\"spool\":\"s\",\"move_from\":[{\"identity\":\"a\"}]}}",
     "$.renewal.move_from[0].identity: this key is not allowed"},
    {"renewal of one listener", "{\"listeners\":[{\"port\":1,\"renewal\":{\"spool\":\"s\"}}]}",
     "$.listeners[0].renewal: this key is not allowed here; it belongs at $.renewal"},
    {"a fault as a rule", "{\"rules\":{\"no_memory\":\"audit\"}}",
     "$.rules.no_memory: this reason is not a certificate rule"},
    {"a handshake reason as a rule", "{\"rules\":{\"peer_gone\":\"off\"}}", "is not a certificate rule"},
    {"a rule that does not exist", "{\"rules\":{\"nonsense\":\"audit\"}}", "no rule has this code"},
    {"a rule with a typo", "{\"rules\":{\"expird\":\"audit\"}}", "did you mean \"expired\"?"},
    {"trust itself turned off", "{\"rules\":{\"untrusted\":\"off\"}}",
     "cannot be \"off\": without this rule, a certificate"},
    {"a bound turned off", "{\"client\":{\"rules\":{\"chain_too_long\":\"off\"}}}", "raise max_chain"},
    {"the need for a certificate turned off", "{\"rules\":{\"no_certificate\":\"off\"}}", "client.certificate"},
    {"signatures turned off in a role", "{\"client\":{\"rules\":{\"bad_signature\":\"off\"}}}",
     "$.client.rules.bad_signature: this rule cannot be"},
    {"a mode that does not exist", "{\"rules\":{\"expired\":\"warn\"}}", "$.rules.expired: expected"},
    {"the RSA minimum above the maximum", "{\"client\":{\"rsa_min_bits\":4096,\"rsa_max_bits\":3072}}",
     "no RSA key would pass"},
    {"two lower bounds of RSA", "{\"client\":{\"rsa_min_bits\":2048,\"insecure_rsa_min_bits\":1024}}",
     "cannot be combined with"},
    {"no key algorithm", "{\"server\":{\"key_algorithms\":[]}}", "no certificate would pass"},
    {"min_remaining above max_lifetime", "{\"client\":{\"max_lifetime\":\"1d\",\"min_remaining\":\"2d\"}}",
     "no certificate would pass"},
    {"a SAN type required but not allowed", "{\"client\":{\"san_required\":[\"uri\"],\"san_allowed\":[\"dns\"]}}",
     "no certificate would pass"},
    {"identity without a certificate", "{\"client\":{\"certificate\":\"none\"},\"identity\":{\"username\":\"cn\"}}",
     "client.certificate is \"none\""},
    {"one_client without a certificate", "{\"client\":{\"certificate\":\"none\"},\"identity\":{\"one_client\":true}}",
     "client.certificate is \"none\""},
    {"client_id without a username", "{\"identity\":{\"client_id\":\"equal\"}}", "username is \"none\""},
    {"strip_prefix without a username", "{\"identity\":{\"strip_prefix\":\"urn:\"}}", "username is \"none\""},
    {"authenticates without a username", "{\"identity\":{\"authenticates\":true}}",
     "a client could claim any user name"},
    {"a prefix without a separator", "{\"identity\":{\"username\":\"cn\",\"client_id\":\"prefix\"}}",
     "needs a separator"},
    {"a separator without a prefix", "{\"identity\":{\"username\":\"cn\",\"separator\":\"-\"}}",
     "only with client_id \"prefix\""},
    {"a separator that certguard reserves",
     "{\"identity\":{\"username\":\"cn\",\"client_id\":\"prefix\",\"separator\":\"~\"}}", "printable ASCII"},
    {"an empty separator", "{\"identity\":{\"username\":\"cn\",\"client_id\":\"prefix\",\"separator\":\"\"}}",
     "expected a string"},
    {"certificates log in while name constraints are only audited",
     "{\"identity\":{\"username\":\"cn\",\"authenticates\":true},\"client\":{\"rules\":{\"name_constraints\":\"audit\"}"
     "}}",
     "the rule name_constraints is not enforced"},
    {"no signature passes", "{\"client\":{\"signature_digests\":[]}}", "signature_digests is empty"},
    {"CRLs are required, and there are none", "{\"trust\":{\"anchors\":\"a\",\"crl_required\":true}}",
     "names no CRLs: no certificate would pass"},
    {"policies that no certificate must have", "{\"client\":{\"certificate_policies\":{\"oids\":[\"1.2.3\"]}}}",
     "require_explicit"},
    {"certificates log in while trust is audited",
     "{\"mode\":\"audit\",\"identity\":{\"username\":\"cn\",\"authenticates\":true}}", "is not enforced for clients"},
    {"certificates log in while revocation is off",
     "{\"identity\":{\"username\":\"cn\",\"authenticates\":true},\"client\":{\"rules\":{\"revoked\":\"off\"}}}",
     "the rule revoked is not enforced"},
    {"a contradiction only in a listener",
     "{\"identity\":{\"username\":\"cn\",\"authenticates\":true},\"listeners\":[{\"port\":1,\"mode\":\"audit\"}]}",
     "$.listeners[0]: identity.auth"},
    {"a listener without port", "{\"listeners\":[{}]}", "$.listeners[0].port: the key is missing"},
    {"port 0", "{\"listeners\":[{\"port\":0}]}", "from 1 to 65535"},
    {"a port twice", "{\"listeners\":[{\"port\":1},{\"port\":1}]}", "port 1 already has an entry (listeners[0])"},
    {"a listener that is no object", "{\"listeners\":[8883]}", "$.listeners[0]: expected an object"},
    {"listeners as an object", "{\"listeners\":{\"8883\":{}}}", "$.listeners: expected an array"},
    {"a listener's override out of range", "{\"listeners\":[{\"port\":1,\"client\":{\"max_chain\":0}}]}",
     "$.listeners[0].client.max_chain: expected"},
    {"a chain without its key", "{\"credential\":{\"chain\":\"a.pem\"}}", "$.credential.key: the key is missing"},
    {"the second chain without its key",
     "{\"credential\":[{\"chain\":\"a.pem\",\"key\":\"a.key\"},{\"chain\":\"b.pem\"}]}",
     "$.credential[1].key: the key is missing"},
    {"no credential in the array", "{\"credential\":[]}",
     "$.credential: expected an object { ... } or an array of 1 to 8 objects, found an array"},
    {"nine credentials",
     "{\"credential\":[{\"chain\":\"a0.pem\",\"key\":\"a0.key\"},{\"chain\":\"a1.pem\",\"key\":"
     "\"a1.key\"},{\"chain\":\"a2.pem\",\"key\":\"a2.key\"},{\"chain\":\"a3.pem\",\"key\":\"a3.k"
     "ey\"},{\"chain\":\"a4.pem\",\"key\":\"a4.key\"},{\"chain\":\"a5.pem\",\"key\":\"a5.key\"},"
     "{\"chain\":\"a6.pem\",\"key\":\"a6.key\"},{\"chain\":\"a7.pem\",\"key\":\"a7.key\"},{\"cha"
     "in\":\"a8.pem\",\"key\":\"a8.key\"}]}",
     "$.credential: expected an object { ... } or an array of 1 to 8 objects"},
    {"a credential that is a path", "{\"credential\":\"a.pem\"}",
     "$.credential: expected an object { ... } or an array"},
    {"a credential in the array that is a path", "{\"credential\":[\"a.pem\"]}", "$.credential[0]: expected an object"},
    {"an unknown key in the array", "{\"credential\":[{\"chain\":\"a\",\"keys\":\"b\"}]}",
     "$.credential[0].keys: unknown key; did you mean \"key\"?"},
    {"a key of a credential elsewhere", "{\"chain\":\"a.pem\"}", "it belongs at $.credential.chain"},
    {"a chain twice",
     "{\"credential\":[{\"chain\":\"a.pem\",\"key\":\"a.key\"},{\"chain\":\"a.pem\",\"key\":\"b."
     "key\"}]}",
     "$.credential[1]: credential[0] names the same chain; remove one of the two"},
    {"a chain twice in a listener",
     "{\"listeners\":[{\"port\":1,\"credential\":[{\"chain\":\"b.pem\",\"key\":\"b.key\"},{\"cha"
     "in\":\"a.pem\",\"key\":\"a.key\"},{\"chain\":\"a.pem\",\"key\":\"a.key\"}]}]}",
     "$.listeners[0].credential[2]: credential[1] names the same chain"},
    {"bridge CRLs without bridge anchors", "{\"bridge\":{\"trust\":{\"crls\":\"a.crl\"}}}", "$.bridge: trust names"},
    {"eight warnings", "{\"warn_before\":[\"1d\",\"2d\",\"3d\",\"4d\",\"5d\",\"6d\",\"7d\",\"8d\"]}",
     "at most 7 durations"},
    {"a warning 0 seconds before expiry", "{\"warn_before\":[\"0s\"]}", "$.warn_before[0]: expected"},
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct cg_error err = {""};
        struct cg_policy *policy = cg_policy_parse("p.json", refused[i].json, strlen(refused[i].json), &err);
        if (policy)
            fail_msg("%s: accepted %s", refused[i].sentence, refused[i].json);
        if (strncmp(err.text, "p.json: ", 8) != 0 || !strstr(err.text, refused[i].words))
            fail_msg("%s: expected \"%s\", found \"%s\"", refused[i].sentence, refused[i].words, err.text);
    }
}

static void refuses_nul_byte(void **state)
{
    (void)state;
    struct cg_error err = {""};
    assert_null(cg_policy_parse("p.json", "{}\0", 3, &err));
    assert_non_null(strstr(err.text, "NUL byte"));
}

static void error_may_be_null(void **state)
{
    (void)state;
    assert_null(cg_policy_parse("p.json", "{", 1, NULL));
    assert_null(cg_policy_load("/nonexistent/policy.json", NULL));
}

/* ---- what the values are */

static void defaults_are_strict(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_policy *policy = cg_policy_default("ca.pem", &err);
    assert_non_null(policy);
    assert_string_equal(policy->name, "(strict default)");
    assert_int_equal(policy->trust.anchors.count, 1);
    assert_string_equal(policy->trust.anchors.item[0], "ca.pem");
    assert_null(policy->log.file);
    assert_int_equal(policy->log.burst, 5);
    assert_int_equal(policy->log.window_ms, 60000);
    assert_int_equal(policy->warn_before[0], 30 * 86400);
    assert_int_equal(policy->warn_before[3], 86400);
    assert_int_equal(policy->warn_before[4], 0);

    const struct cg_listener_policy *base = cg_policy_listener(policy, 8883);
    assert_ptr_equal(base, &policy->base);
    assert_int_equal(base->tls.min_version, 0x0303);
    assert_int_equal(base->tls.handshake_timeout_ms, 10000);
    assert_int_equal(base->tls.max_handshakes, 256);
    assert_int_equal(base->tls.resumption, CG_RESUMPTION_OFF);
    assert_false(base->tls.psk_allowed);
    assert_false(base->plain_allowed);
    assert_int_equal(base->sessions, CG_SESSION_END);
    assert_int_equal(base->ncredentials, 0);
    assert_int_equal(base->identity.username, CG_IDENTITY_NONE);
    assert_false(base->identity.authenticates);

    const struct cg_profile *profiles[] = {&base->client, &base->server, &policy->bridge};
    for (size_t i = 0; i < 3; i++) {
        const struct cg_profile *profile = profiles[i];
        assert_int_equal(profile->certificate, CG_CERT_REQUIRED);
        assert_true(profile->strict);
        assert_int_equal(profile->max_chain, 10);
        assert_int_equal(profile->max_chain_bytes, profile == &base->client ? 16384 : 65536);
        assert_int_equal(profile->max_depth, 4);
        assert_int_equal(profile->key_algorithms, CG_KEY_RSA | CG_KEY_RSA_PSS | CG_KEY_EC_P256 | CG_KEY_EC_P384 |
                                                      CG_KEY_EC_P521 | CG_KEY_ED25519 | CG_KEY_ED448 | CG_KEY_ML_DSA);
        assert_int_equal(profile->digests,
                         CG_DIGEST_SHA256 | CG_DIGEST_SHA384 | CG_DIGEST_SHA512 | CG_DIGEST_INTRINSIC);
        assert_int_equal(profile->rsa_min_bits, 2048);
        assert_int_equal(profile->rsa_max_bits, 8192);
        assert_int_equal(profile->san_types, 0x7f);
        assert_int_equal(profile->san_types_allowed, 0x7f);
        assert_false(profile->allow_missing_eku || profile->allow_any_eku);
        assert_false(profile->crl_required);
        for (int reason = 0; reason < CG_REASON_COUNT; reason++)
            assert_int_equal(profile->mode[reason], CG_ENFORCE);
    }
    cg_policy_free(policy);
}

/* What server.trust says holds for the broker's own certificate on each listener, and for nothing else. */
static void the_brokers_own_trust(void **state)
{
    (void)state;
    struct cg_policy *policy = parse(
        "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"list.crl\",\"crl_max_age\":\"2d\"},"
        "\"server\":{\"max_depth\":2,\"trust\":{\"anchors\":\"public.pem\"}},"
        "\"listeners\":[{\"port\":1},{\"port\":2,\"server\":{\"max_depth\":3}},{\"port\":3,\"server\":null}]}");
    static const unsigned depths[] = {2, 3, 4};
    assert_string_equal(policy->server_trust.anchors.item[0], "/etc/cg/public.pem");
    assert_false(policy->base.server.crl_required);
    assert_int_equal(policy->base.server.crl_max_age, 0);
    assert_true(policy->base.client.crl_required && policy->bridge.crl_required);
    assert_int_equal(policy->nlisteners, 3);
    for (size_t i = 0; i < policy->nlisteners; i++) {
        assert_int_equal(policy->listeners[i].server.max_depth, depths[i]);
        assert_false(policy->listeners[i].server.crl_required);
        assert_true(policy->listeners[i].client.crl_required);
    }
    cg_policy_free(policy);
    policy = parse("{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"list.crl\"}}");
    assert_true(policy->base.server.crl_required);
    cg_policy_free(policy);
    policy = parse("{\"trust\":{\"intermediate_anchors\":\"ca.pem\",\"crls\":\"list.crl\"},"
                   "\"server\":{\"trust\":{\"intermediate_anchors\":\"mid.pem\"}}}");
    assert_string_equal(policy->trust.intermediate_anchors.item[0], "/etc/cg/ca.pem");
    assert_string_equal(policy->server_trust.intermediate_anchors.item[0], "/etc/cg/mid.pem");
    assert_false(policy->base.server.crl_required);
    cg_policy_free(policy);
}

static void values_are_read(void **state)
{
    (void)state;
    struct cg_policy *policy = parse(
        "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":[\"/var/crls\"],\"crl_grace\":\"12h\"},"
        "\"log\":{\"file\":\"-\"},"
        "\"client\":{\"insecure_sha1\":true,\"insecure_other_curves\":true,\"insecure_rsa_min_bits\":1024,"
        "\"key_algorithms\":[\"rsa\"],\"signature_digests\":[\"sha384\"],\"san_required\":[],"
        "\"max_chain_bytes\":\"2MiB\",\"eku\":{\"allow_any\":true},"
        "\"certificate_policies\":{\"oids\":[\"1.2.3\",\"1.2.4\"],\"require_explicit\":true,\"inhibit_any\":true},"
        "\"extensions\":[{\"oid\":\"1.2.3\",\"hex\":\"0C:01:aB\"},{\"oid\":\"1.2.4\",\"forbidden\":true},"
        "{\"oid\":\"1.2.5\",\"required\":true}],"
        "\"subject\":[{\"attribute\":\"O\",\"one_of\":[\"a\",\"b\"]}]},"
        "\"credential\":{\"chain\":\"live/chain.pem\",\"key\":\"/keys/k.pem\"},"
        "\"deny\":[{\"serial\":\"00:0A:7f\",\"issuer\":\"CN=x\",\"note\":\"why\"}],"
        "\"allow\":[{\"sha256\":\"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\"}],"
        "\"warn_before\":[\"1d\",\"2w\",\"3d\"]}");
    const struct cg_profile *client = &policy->base.client;
    assert_string_equal(policy->trust.anchors.item[0], "/etc/cg/ca.pem");
    assert_string_equal(policy->trust.crls.item[0], "/var/crls");
    assert_string_equal(policy->log.file, "-");
    assert_int_equal(policy->base.ncredentials, 1);
    assert_string_equal(policy->base.credentials[0].chain, "/etc/cg/live/chain.pem");
    assert_string_equal(policy->base.credentials[0].key, "/keys/k.pem");
    assert_int_equal(client->key_algorithms, CG_KEY_RSA | CG_KEY_EC_OTHER);
    assert_int_equal(client->digests, CG_DIGEST_SHA384 | CG_DIGEST_INTRINSIC | CG_DIGEST_SHA1);
    assert_int_equal(client->rsa_min_bits, 1024);
    assert_int_equal(client->san_types, 0);
    assert_int_equal(client->max_chain_bytes, 2 << 20);
    assert_true(client->allow_any_eku);
    assert_int_equal(client->policies.oids.count, 2);
    assert_true(client->policies.inhibit_any);
    assert_int_equal(client->nextensions, 3);
    assert_int_equal(client->extensions[0].match.kind, CG_MATCH_HEX);
    assert_string_equal(client->extensions[0].match.values.item[0], "0c01ab");
    assert_true(client->extensions[1].forbidden);
    assert_false(client->extensions[2].forbidden);
    assert_int_equal(client->extensions[2].match.kind, CG_MATCH_PRESENT);
    assert_int_equal(client->nsubject, 1);
    assert_int_equal(client->subject[0].match.values.count, 2);
    assert_true(client->crl_required);
    assert_true(policy->bridge.crl_required);
    assert_int_equal(client->crl_grace, 12 * 3600);
    assert_int_equal(client->deny.count, 1);
    assert_string_equal(client->deny.item[0].serial, "a7f");
    assert_int_equal(policy->bridge.deny.count, 1);
    assert_int_equal(client->allow.count, 1);
    assert_int_equal(policy->base.server.allow.count, 0);
    assert_memory_equal(client->allow.item[0].sha256,
                        "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
    assert_int_equal(policy->warn_before[0], 14 * 86400);
    assert_int_equal(policy->warn_before[1], 3 * 86400);
    assert_int_equal(policy->warn_before[2], 86400);
    assert_int_equal(policy->base.server.rsa_min_bits, 2048);
    cg_policy_free(policy);
}

static void administrators_and_renewal_are_read(void **state)
{
    (void)state;
    struct cg_policy *policy = parse(
        "{\"identity\":{\"username\":\"cn\",\"client_id\":\"equal\"},"
        "\"admin\":[{\"identity\":\"bob\",\"note\":\"Bob\"},{\"serial\":\"1\",\"issuer\":\"CN=x\"},{\"identity\":"
        "\"anna\"}],"
        "\"renewal\":{\"spool\":\"spool\",\"signers\":[{\"identity\":\"ca\"}],"
        "\"move_from\":[{\"serial\":\"2\",\"issuer\":\"CN=x\"}],\"statements\":[\"a.bin\",\"/b.bin\"]},"
        "\"listeners\":[{\"port\":1}]}");
    assert_int_equal(policy->admin.count, 3);
    assert_int_equal(policy->admin.by_identity, 2);
    assert_string_equal(cg_list_find_identity(&policy->admin, "bob")->note, "Bob");
    assert_non_null(cg_list_find_identity(&policy->admin, "anna"));
    assert_null(cg_list_find_identity(&policy->admin, "ann"));
    assert_null(cg_list_find_identity(&policy->admin, ""));
    assert_string_equal(policy->renewal.spool, "/etc/cg/spool");
    assert_non_null(cg_list_find_identity(&policy->renewal.signers, "ca"));
    assert_int_equal(policy->renewal.move_from.by_serial, 1);
    assert_int_equal(policy->renewal.statements.count, 2);
    assert_string_equal(policy->renewal.statements.item[0], "/etc/cg/a.bin");
    assert_string_equal(policy->renewal.statements.item[1], "/b.bin");
    assert_true(policy->base.identity.renews && policy->listeners[0].identity.renews);
    cg_policy_free(policy);
    policy = parse("{\"listeners\":[{\"port\":1}]}"); /* off */
    assert_null(policy->renewal.spool);
    assert_false(policy->base.identity.renews || policy->listeners[0].identity.renews);
    cg_policy_free(policy);
}

static void statements_are_at_most_64(void **state)
{
    (void)state;
    for (size_t count = CG_STATEMENT_FILES_MAX; count <= CG_STATEMENT_FILES_MAX + 1; count++) {
        char text[1000] = "{\"renewal\":{\"spool\":\"s\",\"statements\":[\"a\"";
        struct cg_error err = {""};
        for (size_t i = 1; i < count; i++)
            strcat(text, ",\"a\"");
        strcat(text, "]}}");
        struct cg_policy *policy = cg_policy_parse("p.json", text, strlen(text), &err);
        assert_int_equal(policy != NULL, count == CG_STATEMENT_FILES_MAX);
        assert_true(policy || strstr(err.text, "$.renewal: statements names 65 files, but at most 64"));
        cg_policy_free(policy);
    }
}

static void crl_required_can_be_set(void **state)
{
    (void)state;
    struct cg_policy *policy = parse(
        "{\"trust\":{\"crls\":\"a\",\"crl_required\":false},"
        "\"bridge\":{\"trust\":{\"anchors\":\"b\",\"crls\":\"c\",\"crl_required\":true}}}");
    assert_false(policy->base.client.crl_required);
    assert_true(policy->bridge.crl_required);
    cg_policy_free(policy);
}

static void listeners_are_merged(void **state)
{
    (void)state;
    struct cg_policy *policy = parse(
        "{\"client\":{\"max_depth\":1,\"max_lifetime\":\"90d\",\"eku\":{\"allow_any\":true}},"
        "\"identity\":{\"username\":\"cn\"},\"deny\":[{\"serial\":\"1\",\"issuer\":\"CN=x\"}],"
        "\"listeners\":[{\"port\":8883,\"client\":{\"max_depth\":2,\"max_lifetime\":null}},"
        "{\"port\":8884,\"client\":null,\"plain\":\"allow\",\"deny\":[],\"identity\":{\"client_id\":\"equal\"}}]}");
    const struct cg_listener_policy *first = cg_policy_listener(policy, 8883),
                                    *second = cg_policy_listener(policy, 8884);
    assert_int_equal(first->port, 8883);
    assert_int_equal(first->client.max_depth, 2);
    assert_int_equal(first->client.max_lifetime, 0);
    assert_true(first->client.allow_any_eku);
    assert_false(first->plain_allowed);
    assert_int_equal(first->client.deny.count, 1);
    assert_int_equal(second->client.max_depth, 4);
    assert_false(second->client.allow_any_eku);
    assert_true(second->plain_allowed);
    assert_int_equal(second->client.deny.count, 0);
    assert_int_equal(second->identity.username, CG_IDENTITY_CN);
    assert_int_equal(second->identity.client_id, CG_CLIENT_ID_EQUAL);
    assert_int_equal(cg_policy_listener(policy, 1)->client.max_depth, 1);
    cg_policy_free(policy);
}

#define ONE(chain) "{\"chain\":\"" chain "\",\"key\":\"k\"}"

/* An object is merged with the top level's object; an array replaces, and is replaced. */
static void credentials_are_one_or_several(void **state)
{
    (void)state;
    static const struct {
        const char *top, *listener, *chains; /* of the listener */
    } rows[] = {
        {ONE("a"), "", "a"},
        {ONE("a"), ",\"credential\":{\"chain\":\"b\"}", "b"},
        {ONE("a"), ",\"credential\":null", ""},
        {"[" ONE("a") "]", "", "a"},
        {"[" ONE("a") "," ONE("b") "]", "", "ab"},
        {"[" ONE("a") "," ONE("b") "]", ",\"credential\":" ONE("c"), "c"},
        {"[" ONE("a") "," ONE("b") "]", ",\"credential\":null", ""},
        {ONE("a"), ",\"credential\":[" ONE("b") "," ONE("a") "," ONE("c") "]", "bac"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024], chains[CG_CREDENTIALS_MAX + 1] = "";
        snprintf(text, sizeof text, "{\"credential\":%s,\"listeners\":[{\"port\":1%s}]}", rows[i].top,
                 rows[i].listener);
        struct cg_policy *policy = parse(text);
        const struct cg_listener_policy *listener = cg_policy_section(policy, cg_policy_section_of(policy, 1));
        for (size_t k = 0; k < listener->ncredentials; k++) {
            chains[k] = listener->credentials[k].chain[strlen("/etc/cg/")];
            assert_string_equal(listener->credentials[k].key, "/etc/cg/k");
        }
        if (strcmp(chains, rows[i].chains) != 0)
            fail_msg("%s: the listener has '%s', not '%s'", text, chains, rows[i].chains);
        assert_ptr_equal(cg_policy_section(policy, cg_policy_section_of(policy, 2)), &policy->base);
        assert_null(cg_policy_section(policy, 2));
        cg_policy_free(policy);
    }
}

static void modes_are_resolved(void **state)
{
    (void)state;
    struct cg_policy *policy = parse(
        "{\"mode\":\"audit\",\"rules\":{\"expired\":\"enforce\",\"revoked\":\"enforce\"},"
        "\"client\":{\"rules\":{\"revoked\":\"off\"}},"
        "\"listeners\":[{\"port\":1,\"mode\":\"enforce\",\"rules\":{\"strict\":\"off\"}}]}");
    const struct cg_profile *base = &policy->base.client, *listener = &policy->listeners[0].client;
    assert_int_equal(base->mode[CG_REASON_UNTRUSTED], CG_AUDIT);
    assert_int_equal(base->mode[CG_REASON_EXPIRED], CG_ENFORCE);
    assert_int_equal(base->mode[CG_REASON_REVOKED], CG_OFF);
    assert_int_equal(policy->base.server.mode[CG_REASON_REVOKED], CG_ENFORCE);
    assert_int_equal(policy->bridge.mode[CG_REASON_UNTRUSTED], CG_AUDIT);
    assert_int_equal(base->mode[CG_REASON_NO_MEMORY], CG_ENFORCE);
    assert_int_equal(base->mode[CG_REASON_UNSET], CG_ENFORCE);
    assert_int_equal(base->mode[CG_REASON_PEER_GONE], CG_ENFORCE);
    assert_int_equal(listener->mode[CG_REASON_UNTRUSTED], CG_ENFORCE);
    assert_int_equal(listener->mode[CG_REASON_STRICT], CG_OFF);
    assert_int_equal(listener->mode[CG_REASON_REVOKED], CG_OFF);
    cg_policy_free(policy);
}

/* ---- the examples */

static void examples_are_policies(void **state)
{
    (void)state;
    static const char *const names[] = {"policy-strict.json", "policy-lenient.json", "policy-plant.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[4096];
        struct cg_error err = {""};
        snprintf(path, sizeof path, "%s/conf/%s", getenv("CG_SOURCE_DIR"), names[i]);
        struct cg_policy *policy = cg_policy_load(path, &err);
        if (!policy)
            fail_msg("%s", err.text);
        cg_policy_free(policy);
    }
}

/* The strict example spells the defaults out: it may not say anything else. */
static void strict_example_is_the_default(void **state)
{
    (void)state;
    char path[4096];
    snprintf(path, sizeof path, "%s/conf/policy-strict.json", getenv("CG_SOURCE_DIR"));
    struct cg_policy *strict = cg_policy_load(path, NULL), *plain = cg_policy_default("ca.pem", NULL);
    assert_non_null(strict);
    assert_non_null(plain);
    const struct cg_profile *a = &strict->base.client, *b = &plain->base.client;
    assert_memory_equal(a->mode, b->mode, sizeof a->mode);
    assert_int_equal(a->certificate, b->certificate);
    assert_int_equal(a->strict, b->strict);
    assert_int_equal(a->max_chain, b->max_chain);
    assert_int_equal(a->max_chain_bytes, b->max_chain_bytes);
    assert_int_equal(a->max_depth, b->max_depth);
    assert_int_equal(a->key_algorithms, b->key_algorithms);
    assert_int_equal(a->rsa_min_bits, b->rsa_min_bits);
    assert_int_equal(a->rsa_max_bits, b->rsa_max_bits);
    assert_int_equal(a->digests, b->digests);
    assert_int_equal(a->san_types, b->san_types);
    assert_int_equal(a->san_types_allowed, b->san_types_allowed);
    assert_int_equal(a->max_lifetime, b->max_lifetime);
    assert_memory_equal(&strict->base.identity, &plain->base.identity, sizeof plain->base.identity);
    assert_int_equal(strict->base.tls.min_version, plain->base.tls.min_version);
    assert_int_equal(strict->base.tls.handshake_timeout_ms, plain->base.tls.handshake_timeout_ms);
    assert_int_equal(strict->base.tls.max_handshakes, plain->base.tls.max_handshakes);
    assert_memory_equal(strict->warn_before, plain->warn_before, sizeof plain->warn_before);
    assert_int_equal(strict->log.burst, plain->log.burst);
    assert_int_equal(strict->log.window_ms, plain->log.window_ms);
    cg_policy_free(strict);
    cg_policy_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_nul_byte),
        cmocka_unit_test(error_may_be_null),
        cmocka_unit_test(defaults_are_strict),
        cmocka_unit_test(the_brokers_own_trust),
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(administrators_and_renewal_are_read),
        cmocka_unit_test(statements_are_at_most_64),
        cmocka_unit_test(crl_required_can_be_set),
        cmocka_unit_test(listeners_are_merged),
        cmocka_unit_test(credentials_are_one_or_several),
        cmocka_unit_test(modes_are_resolved),
        cmocka_unit_test(examples_are_policies),
        cmocka_unit_test(strict_example_is_the_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
