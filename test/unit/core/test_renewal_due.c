/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When a certificate is due, when requests are accepted, and how a fleet spreads over the days of a move. */
#include "core/base/datetime.h"
#include "core/renewal/due.h"
#include "core/renewal/request_check.h"
#include "lib/pki_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000)

static struct cg_pki *pki;

static int set_up(void **state)
{
    (void)state;
    pki = cg_pki_new(NOW);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cg_pki_free(pki);
    return 0;
}

/* The certificate's first octet is not its last one. */
static X509 *with_share(unsigned share, const char *words)
{
    char recipe[128];
    snprintf(recipe, sizeof recipe, "c: serial=0x1234%02x %s", share, words);
    cg_pki_make(pki, recipe);
    return cg_pki_cert(pki, "c");
}

static enum cg_reason window(const X509 *cert, int64_t now)
{
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    return cg_renewal_window_ok(cert, now, &refusal) ? CG_REASON_OK : refusal.reason;
}

static void test_window(void **state)
{
    (void)state;
    const X509 *cert = with_share(0, "days=0..90");
    const int64_t half = NOW + 45 * CG_DAY, end = NOW + 90 * CG_DAY;
    assert_int_equal(window(cert, NOW), CG_REASON_RENEWAL_TOO_EARLY);
    assert_int_equal(window(cert, half - 1), CG_REASON_RENEWAL_TOO_EARLY);
    assert_int_equal(window(cert, half), CG_REASON_OK);
    assert_int_equal(window(cert, end), CG_REASON_OK);
    assert_int_equal(window(cert, end + 1), CG_REASON_RENEWAL_NOT_ACCEPTED);
    assert_int_equal(window(with_share(0, "days=10..90"), NOW), CG_REASON_OK); /* made while the clock was ahead */
    assert_int_equal(window(with_share(0, "raw-not-after=991331000000Z"), NOW), CG_REASON_RENEWAL_NOT_ACCEPTED);
    assert_int_equal(window(with_share(0, "days=90..0"), NOW), CG_REASON_RENEWAL_NOT_ACCEPTED);
}

/* The window is open whenever the device learns that it is due. */
static void test_due_is_in_window(void **state)
{
    (void)state;
    static const char *const lives[] = {"secs=0..600", "days=0..1",  "days=0..10",
                                        "days=0..11",  "days=0..90", "days=0..3650"};
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++)
        for (unsigned share = 0; share < 256; share += 5) {
            int64_t due = 0;
            const X509 *cert = with_share(share, lives[i]);
            assert_true(cg_renewal_due(cert, NOW, &due));
            assert_int_equal(window(cert, due), CG_REASON_OK);
        }
}

/* A device with this share that asks once a day, from this second on, learns it within the period, and no later than its day
 * begins plus one day. */
static void ask_daily(unsigned share, const X509 *cert, int64_t first)
{
    const int64_t begin = CG_RENEWAL_MOVE_SPREAD / 256 * share;
    int due = 0;
    for (int64_t now = first; now < first + CG_RENEWAL_MOVE_SPREAD; now += CG_DAY) {
        const int64_t in = cg_renewal_move_in(cert, now);
        const int64_t since = ((now - begin) % CG_RENEWAL_MOVE_SPREAD + CG_RENEWAL_MOVE_SPREAD) %
                              CG_RENEWAL_MOVE_SPREAD;
        assert_in_range(in, 0, CG_RENEWAL_MOVE_SPREAD);
        assert_true((in == 0) == (since < 36 * 3600));
        if (in > 0) /* it is due when it was said */
            assert_int_equal(cg_renewal_move_in(cert, now + in), 0);
        due += in == 0;
    }
    assert_in_range(due, 1, 2);
}

static void test_move(void **state)
{
    (void)state;
    for (unsigned share = 0; share < 256; share++) {
        const X509 *cert = with_share(share, "");
        for (int64_t first = NOW; first < NOW + CG_DAY; first += 3607)
            ask_daily(share, cert, first);
        ask_daily(share, cert, -CG_DAY * 400); /* the clock is not set */
    }
}

/* A fleet does not come in one hour: the shares spread over the whole period. */
static void test_spread(void **state)
{
    (void)state;
    int most = 0;
    X509 *certs[256];
    for (unsigned share = 0; share < 256; share++)
        certs[share] = X509_dup(with_share(share, ""));
    for (int64_t hour = 0; hour < 14 * 24; hour++) {
        int begins = 0;
        for (unsigned share = 0; share < 256; share++) {
            const int64_t now = NOW + hour * 3600;
            begins += cg_renewal_move_in(certs[share], now) > 0 && cg_renewal_move_in(certs[share], now + 3600) == 0;
        }
        most = begins > most ? begins : most;
    }
    assert_in_range(most, 1, 2);
    for (unsigned share = 0; share < 256; share++)
        X509_free(certs[share]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_window), cmocka_unit_test(test_due_is_in_window),
                                       cmocka_unit_test(test_move), cmocka_unit_test(test_spread)};
    return cmocka_run_group_tests_name("when renewal is due", tests, set_up, tear_down);
}
