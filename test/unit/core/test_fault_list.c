/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The list of what a load could not take: no fault stands in it twice, and what it has no room for is counted. */
#include "core/base/faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void add_of(struct cg_faults *faults, enum cg_reason reason, const char *words, uint64_t key)
{
    struct cg_error err;
    snprintf(err.text, sizeof err.text, "%s", words);
    cg_faults_add(faults, reason, &err, key);
}

static void add(struct cg_faults *faults, const char *words, uint64_t key)
{
    add_of(faults, CG_REASON_POLICY_INVALID, words, key);
}

static const struct {
    const char *sentence, *words;
    uint64_t key;
    bool is_new;
} seconds[] = {
    {"without a key: the same words", "first", 0, false},
    {"without a key: other words", "second", 0, true},
    {"without a key, the words of one that has a key", "keyed", 0, true},
    {"the same key, the words changed with the time", "keyed, a second ago", 7, false},
    {"another key, the same words", "keyed", 8, true},
};

static void each_fault_stands_there_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        struct cg_faults faults = {0};
        add(&faults, "first", 0);
        add(&faults, "keyed", 7);
        add(&faults, seconds[i].words, seconds[i].key);
        if (faults.count != (seconds[i].is_new ? 3 : 2) || faults.more != 0)
            fail_msg("%s: %zu and %zu more", seconds[i].sentence, faults.count, faults.more);
        assert_string_equal(faults.item[1].error.text, "keyed"); /* the first words stay */
        cg_faults_clear(&faults);
    }
}

static void what_has_no_room_is_counted(void **state)
{
    (void)state;
    struct cg_faults faults = {0}, copy;
    char words[32];
    for (int i = 0; i < CG_FAULTS_MAX + 2; i++) {
        snprintf(words, sizeof words, "fault %d", i);
        add(&faults, words, 0);
    }
    add(&faults, "fault 0", 0); /* is listed */
    assert_int_equal(faults.count, CG_FAULTS_MAX);
    assert_int_equal(faults.more, 2);
    assert_true(cg_faults_copy(&faults, &copy));
    assert_int_equal(copy.count, CG_FAULTS_MAX);
    assert_int_equal(copy.more, 2);
    assert_string_equal(copy.item[CG_FAULTS_MAX - 1].error.text, faults.item[CG_FAULTS_MAX - 1].error.text);
    cg_faults_truncate(&copy, 1); /* those that were counted came after the first, too */
    assert_int_equal(copy.count, 1);
    assert_int_equal(copy.more, 0);
    assert_string_equal(copy.item[0].error.text, "fault 0");
    assert_int_equal(faults.more, 2);
    cg_faults_clear(&copy);
    cg_faults_clear(&faults);
    assert_true(cg_faults_is_empty(&faults));
}

/* A folder full of invalid CRLs hides no fault of another part that the load finds later. */
static void crls_leave_places_for_others(void **state)
{
    (void)state;
    struct cg_faults faults = {0};
    char words[32];
    for (int i = 0; i < CG_FAULTS_MAX + 8; i++) {
        snprintf(words, sizeof words, "CRL %d", i);
        add_of(&faults, CG_REASON_CRL_INVALID, words, 0);
    }
    assert_int_equal(faults.count, CG_FAULTS_MAX - CG_FAULTS_KEPT);
    assert_int_equal(faults.more, CG_FAULTS_KEPT + 8);
    for (int i = 0; i < CG_FAULTS_KEPT; i++) {
        snprintf(words, sizeof words, "credential %d", i);
        add_of(&faults, CG_REASON_CREDENTIAL_INVALID, words, 0);
    }
    assert_int_equal(faults.count, CG_FAULTS_MAX);
    assert_int_equal(faults.more, CG_FAULTS_KEPT + 8);
    assert_string_equal(faults.item[CG_FAULTS_MAX - 1].error.text, words);
    cg_faults_clear(&faults);
    for (int i = 0; i < CG_FAULTS_KEPT; i++) { /* those that came first take no places of CRLs */
        snprintf(words, sizeof words, "credential %d", i);
        add_of(&faults, CG_REASON_CREDENTIAL_INVALID, words, 0);
    }
    for (int i = 0; i < CG_FAULTS_MAX; i++) {
        snprintf(words, sizeof words, "CRL %d", i);
        add_of(&faults, CG_REASON_CRL_INVALID, words, 0);
    }
    assert_int_equal(faults.count, CG_FAULTS_MAX);
    assert_int_equal(faults.more, CG_FAULTS_KEPT);
    cg_faults_clear(&faults);
}

/* A load without memory for its faults did not go well. */
static void one_that_is_only_counted_is_a_fault(void **state)
{
    (void)state;
    struct cg_faults faults = {.more = 1}, copy;
    assert_false(cg_faults_is_empty(&faults));
    assert_true(cg_faults_copy(&faults, &copy));
    assert_false(cg_faults_is_empty(&copy));
    cg_faults_truncate(&copy, 0);
    assert_true(cg_faults_is_empty(&copy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_stands_there_once),
        cmocka_unit_test(what_has_no_room_is_counted),
        cmocka_unit_test(crls_leave_places_for_others),
        cmocka_unit_test(one_that_is_only_counted_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
