/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Warnings are not repeated, even if there are many. */
#include "broker/event/warning_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fingerprint(uint64_t n, unsigned char out[32])
{
    memset(out, 0, 32);
    n *= 0x9e3779b97f4a7c15; /* spreads like a digest */
    memcpy(out, &n, sizeof n);
}

static void each_level_is_reported_once(void **unused)
{
    (void)unused;
    unsigned char one[32], other[32];
    struct cg_warning_cache *cache = cg_warning_cache_new();
    fingerprint(1, one);
    fingerprint(2, other);
    assert_true(cg_warning_cache_raise(cache, one, 1));
    assert_false(cg_warning_cache_raise(cache, one, 1));
    assert_true(cg_warning_cache_raise(cache, one, 3));
    assert_false(cg_warning_cache_raise(cache, one, 2));
    assert_true(cg_warning_cache_raise(cache, other, 1));
    cg_warning_cache_free(cache);
    cg_warning_cache_free(NULL);
}

static void many_are_stored_and_it_stays_bounded(void **unused)
{
    (void)unused;
    unsigned char key[32];
    struct cg_warning_cache *cache = cg_warning_cache_new();
    for (uint64_t i = 0; i < 100000; i++) {
        fingerprint(i, key);
        assert_true(cg_warning_cache_raise(cache, key, 1));
    }
    for (uint64_t i = 0; i < 100000; i++) {
        fingerprint(i, key);
        assert_false(cg_warning_cache_raise(cache, key, 1));
    }
    /* full: it is cleared and continues to work */
    size_t again = 0;
    for (uint64_t i = 0; i < 400000; i++) {
        fingerprint(i, key);
        again += cg_warning_cache_raise(cache, key, 1);
        assert_false(cg_warning_cache_raise(cache, key, 1));
    }
    assert_true(again >= 300000);
    cg_warning_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_is_reported_once),
        cmocka_unit_test(many_are_stored_and_it_stays_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
