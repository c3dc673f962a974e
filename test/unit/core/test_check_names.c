/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The names of a certificate: their syntax, and what the name constraints of its CA say of them. */
#include "check_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GOOD   CG_REASON_OK
#define BROKEN CG_REASON_SAN_MALFORMED
#define BEYOND CG_REASON_NAME_CONSTRAINTS

static enum cg_reason reason_of(struct cg_pki *pki, const char *ca, const char *leaf, struct cg_verdict *verdict)
{
    char recipe[1024];
    size_t mark = cg_pki_mark(pki);
    snprintf(recipe, sizeof recipe, "root: ca\ni: ca issuer=root %s\nc: issuer=i %s", ca, leaf);
    const struct fixture_case with = {.recipe = recipe, .sent = "i"};
    fixture_check(pki, &with, verdict);
    cg_pki_rewind(pki, mark);
    return verdict->reason;
}

static const struct syntax {
    const char *san;
    enum cg_reason reason;
} syntaxes[] = {
    {"dns:a.lan", GOOD},
    {"dns:*.a.lan", GOOD},
    {"dns:dev_1.lan", GOOD},
    {"dns:a.lan.", BROKEN},
    {"dns:.a.lan", BROKEN},
    {"dns:a..lan", BROKEN},
    {"dns:a-.lan", BROKEN},
    {"dns:-a.lan", BROKEN},
    {"dns:*", BROKEN},
    {"dns:*a.lan", BROKEN},
    {"dns:a.*.lan", BROKEN},
    {"dns:a:b.lan", BROKEN},
    {"email:a@b.lan", GOOD},
    {"email:a.b+c@b.lan", GOOD},
    {"email:\"a@b\"@c.lan", GOOD},
    {"email:\"a\\x5c\"b\"@c.lan", GOOD},
    {"email:a@b@c.lan", BROKEN},
    {"email:<a@b.lan", BROKEN},
    {"email:a@b.lan>", BROKEN},
    {"email:a..b@c.lan", BROKEN},
    {"email:.a@c.lan", BROKEN},
    {"email:a.@c.lan", BROKEN},
    {"email:a@b..lan", BROKEN},
    {"email:a@.lan", BROKEN},
    {"email:a@b.lan.", BROKEN},
    {"email:a@*.lan", BROKEN},
    {"email:@b.lan", BROKEN},
    {"email:a@", BROKEN},
    {"email:a", BROKEN},
    {"email:\"\"@b.lan", BROKEN},
    {"email:\"a@b.lan", BROKEN},
    {"email:\"a\"b@c.lan", BROKEN},
    {"email:\"a\\x5c", BROKEN},
    {"email:a\\x00@b.lan", CG_REASON_BAD_NAME},
    {"email:0123456789012345678901234567890123456789012345678901234567890123@b.lan", GOOD},
    {"email:01234567890123456789012345678901234567890123456789012345678901234@b.lan", BROKEN},
    {"uri:urn:x", GOOD},
    {"uri:x", BROKEN},
    {"uri:1x:y", BROKEN},
    {"uri::y", BROKEN},
    {"uri:x:", BROKEN},
    {"uri:urn:a%20b", GOOD},
    {"uri:urn:a\\x5cb", BROKEN},
    {"uri:urn:a<b>", BROKEN},
    {"uri:urn:a\\x20b", BROKEN},
    {"", BROKEN},
};

static void names_have_a_syntax(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    for (size_t i = 0; i < sizeof syntaxes / sizeof *syntaxes; i++) {
        char leaf[256];
        struct cg_verdict verdict;
        snprintf(leaf, sizeof leaf, "'san=%s'", syntaxes[i].san);
        if (reason_of(pki, "", leaf, &verdict) != syntaxes[i].reason)
            fail_msg("%s: %s: %s", syntaxes[i].san, cg_reason_row(verdict.reason)->code, verdict.detail);
        cg_verdict_clear(&verdict);
    }
    cg_pki_free(pki);
}

static const struct constraint {
    const char *nc; /* of the intermediate CA */
    const char *leaf;
    enum cg_reason reason;
} constraints[] = {
    /* DNS */
    {"permitted;DNS:a.lan", "san=dns:x.a.lan", GOOD},
    {"permitted;DNS:a.lan", "san=dns:a.lan", GOOD},
    {"permitted;DNS:a.lan", "san=dns:xa.lan", BEYOND},
    {"permitted;DNS:.a.lan", "san=dns:x.a.lan", GOOD},
    {"permitted;DNS:.a.lan", "san=dns:a.lan", BEYOND},
    {"permitted;DNS:.a.lan", "san=dns:*.a.lan", GOOD},
    {"permitted;DNS:a.lan", "san=dns:*.lan", BEYOND},
    {"permitted;DNS:a.lan", "san=dns:x.a.lan,dns:b.lan", BEYOND},
    {"permitted;DNS:a.lan", "san=uri:urn:x", GOOD},
    {"excluded;DNS:b.lan", "san=dns:x.a.lan", GOOD},
    {"excluded;DNS:b.lan", "san=dns:X.B.LAN", BEYOND},
    {"excluded;DNS:x.b.lan", "san=dns:*.b.lan", BEYOND},
    {"excluded;DNS:x.b.lan", "san=dns:*.lan", BEYOND},
    {"permitted;DNS:a.lan.", "san=dns:x.a.lan", BEYOND},
    {"permitted;DNS:*.a.lan", "san=dns:x.a.lan", BEYOND},
    {"permitted;DNS:a..lan", "san=dns:x.a.lan", BEYOND},
    {"permitted;DNS:a.lan,permitted;DNS:b.lan.", "san=dns:x.a.lan", BEYOND},
    {"excluded;DNS:b.lan.", "san=dns:x.a.lan", BEYOND},
    {"excluded;DNS:b.lan.", "san=uri:urn:x", GOOD},
    /* the common name, if no SAN has its form */
    {"excluded;DNS:bad.good.lan", "cn=bad.good.lan san=uri:urn:x", BEYOND},
    {"excluded;DNS:bad.good.lan", "cn=bad.good.lan. san=uri:urn:x", BEYOND},
    {"excluded;DNS:bad.good.lan", "cn=x.bad.good.lan.. san=uri:urn:x", BEYOND},
    {"permitted;DNS:a.lan", "cn=x.a.lan. san=uri:urn:x", GOOD},
    {"permitted;DNS:a.lan", "cn=x.b.lan. san=uri:urn:x", BEYOND},
    {"permitted;DNS:a.lan", "cn=x.b.lan san=dns:x.a.lan", GOOD},
    {"permitted;DNS:a.lan", "cn=sensor san=uri:urn:x", GOOD},
    {"permitted;DNS:a.lan", "'cn=my sensor.lan' san=uri:urn:x", GOOD},
    {"permitted;DNS:a.lan", "subject=/CN=x.a.lan/CN=x.b.lan san=uri:urn:x", BEYOND},
    {"permitted;DNS:a.lan", "cn=192.0.2.1 san=uri:urn:x", GOOD},
    {"permitted;DNS:a.lan", "cn=2001:db8::1 san=uri:urn:x", GOOD},
    {"permitted;DNS:a.lan", "cn=192.0.2.400 san=uri:urn:x", BEYOND},
    {"permitted;DNS:a.lan", "cn=x.b.lan\\x00.a.lan san=uri:urn:x", BEYOND},
    {"permitted;DNS:a.lan", "cn=*.lan san=uri:urn:x", BEYOND},
    {"permitted;DNS:a.lan", "cn=x*.a.lan san=uri:urn:x", BEYOND},
    {"permitted;IP:192.0.2.0/255.255.255.0", "cn=192.0.2.1 san=uri:urn:x", GOOD},
    {"permitted;IP:192.0.2.0/255.255.255.0", "cn=198.51.100.1 san=uri:urn:x", BEYOND},
    {"permitted;IP:192.0.2.0/255.255.255.0", "cn=198.51.100.1 san=ip:192.0.2.1", GOOD},
    {"permitted;IP:192.0.2.0/255.255.255.0", "cn=x.lan san=uri:urn:x", GOOD},
    /* mail */
    {"permitted;email:b.lan", "san=email:a@b.lan", GOOD},
    {"permitted;email:b.lan", "san=email:a@x.b.lan", BEYOND},
    {"permitted;email:.b.lan", "san=email:a@x.b.lan", GOOD},
    {"permitted;email:.b.lan", "san=email:a@b.lan", BEYOND},
    {"permitted;email:a@b.lan", "san=email:a@B.LAN", GOOD},
    {"permitted;email:a@b.lan", "san=email:A@b.lan", BEYOND},
    {"permitted;email:a@b.lan", "san=email:c@b.lan", BEYOND},
    {"excluded;email:a@b.lan", "san=email:c@b.lan", GOOD},
    {"excluded;email:a@b.lan", "san=email:A@b.lan", BEYOND},
    {"excluded;email:a@b.lan", "'san=email:\"a\"@b.lan'", BEYOND},
    {"excluded;email:a@b.lan", "'san=email:\"\\x5ca\"@b.lan'", BEYOND},
    {"excluded;email:b.lan", "'san=email:\"x@y\"@b.lan'", BEYOND},
    {"excluded;email:.", "san=email:a@b.lan", BEYOND},
    {"permitted;email:@b.lan", "san=email:a@b.lan", BEYOND},
    {"excluded;email:@b.lan", "san=email:a@c.lan", BEYOND},
    {"excluded;email:@b.lan", "san=dns:x.lan", GOOD},
    {"permitted;email:a@b@b.lan", "san=email:a@b.lan", BEYOND},
    {"permitted;email:b.lan", "subject=/emailAddress=a@b.lan/CN=x san=uri:urn:x", GOOD},
    {"permitted;email:b.lan", "subject=/emailAddress=a@c.lan/CN=x san=uri:urn:x", BEYOND},
    {"permitted;email:b.lan", "subject=/emailAddress=a@c@b.lan/CN=x san=uri:urn:x", BEYOND},
    {"permitted;email:b.lan", "san=other:1.3.6.1.5.5.7.8.9=a@b.lan", BEYOND},
    /* URI */
    {"permitted;URI:b.lan", "san=uri:https://b.lan/x", GOOD},
    {"permitted;URI:b.lan", "san=uri:https://b.lan:8883/x", GOOD},
    {"permitted;URI:b.lan", "san=uri:https://x.b.lan/", BEYOND},
    {"permitted;URI:.b.lan", "san=uri:https://x.b.lan", GOOD},
    {"permitted;URI:.b.lan", "san=uri:https://b.lan", BEYOND},
    {"permitted;URI:b.lan", "san=uri:https://b.lan:x@c.lan/", BEYOND},
    {"permitted;URI:b.lan", "san=uri:urn:x", BEYOND},
    {"permitted;URI:b.lan", "san=uri:https:/b.lan/", BEYOND},
    {"excluded;URI:b.lan", "san=uri:https://c.lan/", GOOD},
    {"excluded;URI:b.lan", "san=uri:https://u@b.lan/", BEYOND},
    {"excluded;URI:b.lan", "san=uri:https://b.lan?x", BEYOND},
    {"excluded;URI:b.lan", "san=uri:https://192.0.2.1/", BEYOND},
    {"excluded;URI:b.lan", "san=uri:https://[2001:db8::1]/", BEYOND},
    {"excluded;URI:b.lan", "san=uri:https://u@v@c.lan/", BEYOND},
    {"excluded;URI:b.lan", "san=uri:https://c.lan:8x/", BEYOND},
    {"excluded;URI:b.lan", "san=uri:urn:x", BEYOND},
    {"excluded;URI:b.lan", "san=uri:https://b.lan\\x5c@c.lan/", BEYOND},
    {"excluded;URI:https://b.lan", "san=uri:https://c.lan/", BEYOND},
    {"permitted;URI:https://b.lan", "san=uri:https://b.lan/", BEYOND},
    {"permitted;URI:https://b.lan", "san=dns:b.lan", GOOD},
    /* addresses */
    {"permitted;IP:192.0.2.0/255.255.255.0", "san=ip:192.0.2.9", GOOD},
    {"permitted;IP:192.0.2.0/255.255.255.0", "san=ip:192.0.3.9", BEYOND},
    {"permitted;IP:192.0.2.0/255.255.255.0", "san=ip:2001:db8::1", BEYOND},
    {"excluded;IP:192.0.2.0/255.255.255.0", "san=ip:2001:db8::1", GOOD},
    {"excluded;IP:192.0.2.0/255.255.255.0", "san=ip:192.0.2.9", BEYOND},
    {"permitted;IP:192.0.2.0/255.0.255.0", "san=ip:192.0.2.9", BEYOND},
    {"excluded;IP:192.0.2.0/255.0.255.0", "san=ip:198.51.100.9", BEYOND},
    {"excluded;IP:192.0.2.0/255.0.255.0", "san=dns:x.lan", GOOD},
    {"permitted;IP:0.0.0.0/0.0.0.0", "san=ip:192.0.2.9", GOOD},
};

/* word: what the recipe says before the constraints. */
static void look_at(const struct constraint *rows, size_t count, const char *word)
{
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    for (size_t i = 0; i < count; i++) {
        char ca[256];
        struct cg_verdict verdict;
        snprintf(ca, sizeof ca, "%s%s", word, rows[i].nc);
        if (reason_of(pki, ca, rows[i].leaf, &verdict) != rows[i].reason)
            fail_msg("%s with %s: %s: %s", rows[i].nc, rows[i].leaf, cg_reason_row(verdict.reason)->code,
                     verdict.detail);
        cg_verdict_clear(&verdict);
    }
    cg_pki_free(pki);
}

static void constraints_hold(void **state)
{
    (void)state;
    look_at(constraints, sizeof constraints / sizeof *constraints, "nc=critical,");
}

/* What OpenSSL's configuration does not write: NameConstraints in DER. */
static const struct constraint raw[] = {
    {"3004a1023000", "san=uri:urn:x", CG_REASON_MALFORMED}, /* a subtree without a base */
    {"3006a00430028200", "san=dns:x.lan", GOOD},            /* permitted dNSName "" */
    {"3006a10430028200", "san=dns:x.lan", BEYOND},          /* excluded dNSName "" */
    {"3006a10430028100", "san=email:a@b.lan", BEYOND},      /* excluded rfc822Name "" */
    {"3006a10430028100", "san=dns:x.lan", GOOD},
    {"3006a10430028600", "san=uri:https://x.lan/", BEYOND}, /* excluded URI "" */
    {"3006a10430028600", "san=dns:x.lan", GOOD},
    {"300ea10c300a82056c2e6c616e800101", "san=dns:x.lan", BEYOND}, /* excluded l.lan, minimum 1 */
    {"300ea10c300a82056c2e6c616e800101", "san=uri:urn:x", GOOD},
    {"300ea00c300a82056c2e6c616e810101", "san=dns:l.lan", BEYOND}, /* permitted l.lan, maximum 1 */
    {"300ba009300787050000000000", "san=ip:192.0.2.1", BEYOND},    /* five octets */
};

static void constraints_beyond_the_usual_hold(void **state)
{
    (void)state;
    look_at(raw, sizeof raw / sizeof *raw, "ext=critical,2.5.29.30=");
}

/* Names of intermediates are measured too; self-issued ones are not (RFC 5280 6.1.3 (b)). */
static void constraints_hold_for_intermediates(void **state)
{
    (void)state;
    static const struct {
        const char *between;
        enum cg_reason reason;
    } cases[] = {
        {"san=uri:https://a.lan/", GOOD},
        {"san=uri:https://a.lan:x@b.lan/", BEYOND},
        {"san=uri:https://b.lan/ cn=i", GOOD},
    };
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char recipe[400];
        struct cg_verdict verdict;
        size_t mark = cg_pki_mark(pki);
        snprintf(recipe, sizeof recipe,
                 "root: ca\ni: ca issuer=root nc=critical,permitted;URI:a.lan\nj: ca issuer=i %s\n"
                 "c: issuer=j san=uri:https://a.lan/x",
                 cases[i].between);
        const struct fixture_case with = {.recipe = recipe, .sent = "j i"};
        fixture_check(pki, &with, &verdict);
        if (verdict.reason != cases[i].reason)
            fail_msg("%s: %s: %s", cases[i].between, cg_reason_row(verdict.reason)->code, verdict.detail);
        cg_verdict_clear(&verdict);
        cg_pki_rewind(pki, mark);
    }
    cg_pki_free(pki);
}

static void a_detail_names_the_constraint(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    struct cg_verdict verdict;
    reason_of(pki, "nc=critical,permitted;IP:192.0.2.0/255.0.255.0", "san=ip:192.0.2.9", &verdict);
    assert_string_equal(verdict.detail,
                        "'CN=c': cannot check '192.0.2.9': the name constraint ip:192.0.2.0/255.0.255.0 of "
                        "'CN=i' is malformed, or has a minimum or maximum");
    cg_verdict_clear(&verdict);
    reason_of(pki, "nc=critical,permitted;email:b.lan", "san=uri:urn:x subject=/emailAddress=a@c@b.lan/CN=c", &verdict);
    assert_non_null(strstr(verdict.detail, "do not allow 'a@c@b.lan', which is malformed"));
    cg_verdict_clear(&verdict);
    cg_pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_a_syntax),
        cmocka_unit_test(constraints_hold),
        cmocka_unit_test(constraints_beyond_the_usual_hold),
        cmocka_unit_test(constraints_hold_for_intermediates),
        cmocka_unit_test(a_detail_names_the_constraint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
