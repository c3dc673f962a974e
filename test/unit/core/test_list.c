/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lists of certificates: the search finds what a look at each entry finds, whatever the mixture and order. */
#include "core/cert/list.h"
#include "core/cert/name.h"
#include "lib/pki_maker.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define CERTS   12
#define ENTRIES 40
#define ROUNDS  2000

/* All that may name a certificate. */
struct subject {
    const X509 *cert;
    unsigned char sha256[32], spki[32];
    char serial[CG_HEX_MAX], issuer[256];
};

static const char recipe[] = "a: ca\nb: ca\n"
                             "c0: issuer=a serial=0x1\nc1: issuer=b serial=0x1\nc2: issuer=a serial=0x2\n"
                             "c3: issuer=b serial=0x2\nc4: issuer=a serial=0x10\nc5: issuer=b serial=0x100\n"
                             "c6: issuer=a serial=0xff key=@c0\nc7: issuer=b serial=0xff key=@c0\n"
                             "c8: issuer=a serial=0x7fffffffffffffff\nc9: issuer=b\nc10: issuer=a\nc11: issuer=b";

static struct subject subjects[CERTS];

static void read_subjects(const struct cg_pki *pki)
{
    for (size_t i = 0; i < CERTS; i++) {
        struct subject *s = &subjects[i];
        char name[8];
        snprintf(name, sizeof name, "c%zu", i);
        s->cert = cg_pki_cert(pki, name);
        assert_int_equal(X509_digest(s->cert, EVP_sha256(), s->sha256, NULL), 1);
        assert_true(cg_spki_sha256(s->cert, s->spki));
        cg_serial_text(X509_get0_serialNumber(s->cert), s->serial, sizeof s->serial);
        assert_true(cg_name_text(X509_get_issuer_name(s->cert), s->issuer, sizeof s->issuer));
    }
}

/* The same question, asked of each entry. */
static bool names(const struct cg_certificate_match *match, const struct subject *s)
{
    if (match->sha256)
        return memcmp(match->sha256, s->sha256, 32) == 0;
    if (match->spki_sha256)
        return memcmp(match->spki_sha256, s->spki, 32) == 0;
    if (match->identity)
        return false; /* needs the policy: cg_list_find_identity */
    return strcmp(match->serial, s->serial) == 0 && strcmp(match->issuer, s->issuer) == 0;
}

#define IDENTITIES 4
static const char *const identities[IDENTITIES] = {"a", "b", "b~", "\xc3\xa9"};

/* Whether the list has this user name, by both ways. */
static void check_identities(const struct cg_certificate_list *list, const struct cg_certificate_match *entries)
{
    for (size_t n = 0; n < IDENTITIES; n++) {
        bool expected = false;
        for (size_t i = 0; i < list->count; i++)
            expected = expected || (entries[i].identity && strcmp(entries[i].identity, identities[n]) == 0);
        const struct cg_certificate_match *match = cg_list_find_identity(list, identities[n]);
        assert_int_equal(match != NULL, expected);
        assert_true(!match || strcmp(match->identity, identities[n]) == 0);
    }
    assert_null(cg_list_find_identity(list, ""));
    assert_null(cg_list_find_identity(list, "A"));
}

/* Of any certificate, or of none: a digest is then of no certificate, a serial number of another issuer. */
static struct cg_certificate_match any_entry(void)
{
    static const unsigned char other[32] = "no digest of a certificate";
    const struct subject *s = &subjects[rand() % CERTS];
    bool real = rand() % 4 == 0;
    switch (rand() % 4) {
    case 0:
        return (struct cg_certificate_match){.sha256 = real ? s->sha256 : other};
    case 1:
        return (struct cg_certificate_match){.spki_sha256 = real ? s->spki : other};
    case 2:
        return (struct cg_certificate_match){.identity = identities[rand() % IDENTITIES]};
    default:
        return (struct cg_certificate_match){.serial = s->serial, .issuer = real ? s->issuer : "CN=other"};
    }
}

static void the_search_finds_what_a_linear_search_finds(void **state)
{
    (void)state;
    struct cg_certificate_match entries[ENTRIES], sorted[ENTRIES];
    size_t found = 0, missed = 0;
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, recipe);
    read_subjects(pki);
    srand(1);
    for (size_t round = 0; round < ROUNDS; round++) {
        struct cg_certificate_list list = {.item = sorted, .count = (size_t)rand() % (ENTRIES + 1)};
        for (size_t i = 0; i < list.count; i++)
            sorted[i] = entries[i] = any_entry();
        cg_list_sort(&list);
        check_identities(&list, entries);
        for (size_t s = 0; s < CERTS; s++) {
            bool expected = false, fault = true;
            for (size_t i = 0; i < list.count; i++)
                expected = expected || names(&entries[i], &subjects[s]);
            const struct cg_certificate_match *match = cg_list_find(&list, subjects[s].cert, &fault);
            assert_false(fault);
            assert_int_equal(match != NULL, expected);
            assert_true(!match || names(match, &subjects[s]));
            found += expected;
            missed += !expected;
        }
    }
    assert_true(found > ROUNDS && missed > ROUNDS);
    cg_pki_free(pki);
}

static void an_empty_list_names_nobody(void **state)
{
    (void)state;
    struct cg_certificate_list list = {0};
    struct cg_pki *pki = cg_pki_new(time(NULL));
    bool fault = true;
    cg_pki_make(pki, "c: ca");
    cg_list_sort(&list);
    assert_null(cg_list_find(&list, cg_pki_cert(pki, "c"), &fault));
    assert_null(cg_list_find_identity(&list, "c"));
    assert_false(fault);
    cg_pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_a_linear_search_finds),
        cmocka_unit_test(an_empty_list_names_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
