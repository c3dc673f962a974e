/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The highest CRL numbers of a snapshot: an older CRL is not taken back, not after a restart, another policy or another broker
 * either, and none holds back what is new. */
#include "numbers_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct cg_pki *pki;
static const char *folder;

static int make_files(void **state)
{
    (void)state;
    pki = numbers_open("numbers-snapshot");
    folder = cg_scratch_folder();
    cg_pki_write(pki, folder, "ca.pem", "root");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    fixture_close();
    return 0;
}

#define TRUST    "\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"list.crl\"}"
#define WITHOUT  "{\"trust\":{\"anchors\":\"ca.pem\"}"
#define STATE    "\"state\":\"state\""
#define EXTENDED "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"list.crl\",\"crl_extended\":true}"

static void loads_not(const char *policy, const char *words)
{
    struct cg_error err = {""};
    if (fixture_load(policy, NULL, &err) || !strstr(err.text, words))
        fail_msg("expected '%s', found '%s'", words, err.text);
}

/* Takes over previous. */
static struct cg_snapshot *reload(const char *policy, struct cg_snapshot *previous)
{
    struct cg_snapshot *fresh = fixture_reload(policy, previous);
    cg_snapshot_free(previous);
    return fresh;
}

static const char *number_of(const struct cg_trust *trust)
{
    static struct cg_crl_info info;
    memset(&info, 0, sizeof info);
    cg_crl_set_info(cg_trust_crls(trust), 0, &info);
    return info.number;
}

static const char *number_in_use(const struct cg_snapshot *snapshot)
{
    return number_of(snapshot->trust);
}

/* As the broker layer does it. */
static void end_process(struct cg_snapshot *snapshot)
{
    numbers_save(snapshot->numbers, "state/crl-numbers");
    cg_snapshot_free(snapshot);
}

static void an_older_crl_is_refused_after_a_restart(void **state)
{
    (void)state;
    cg_pki_write(pki, folder, "list.crl", "seven");
    end_process(fixture_load_well("{" TRUST "," STATE "}"));
    cg_pki_write(pki, folder, "list.crl", "six");
    loads_not("{" TRUST "," STATE "}",
              "/list.crl: CRL of CN=root: number 6 of 2027-01-12T08:00:00Z is older than number 7 of ");
    cg_pki_write(pki, folder, "list.crl", "six seven"); /* the newest of a bundle counts, wherever it stands in it */
    end_process(fixture_load_well("{" TRUST "," STATE "}"));
    cg_pki_write(pki, folder, "list.crl", "eight");
    end_process(fixture_load_well("{" TRUST "," STATE "}"));
    cg_pki_write(pki, folder, "list.crl", "seven");
    loads_not("{" TRUST "," STATE "}", "is older than number 8 of ");
    cg_snapshot_free(fixture_load_well("{" TRUST "}")); /* without the folder it cannot be known */
    cg_pki_write(pki, folder, "list.crl", "none");      /* one without number counts by its time */
    loads_not(EXTENDED "," STATE "}", "is older than number 8 of ");
    assert_int_equal(mkdir(cg_scratch_path("crls"), 0755), 0); /* nor may there be none */
    loads_not("{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"crls\"}," STATE "}",
              "/crls: CRL of CN=root: number 8 of 2027-01-14T08:00:00Z was in use, but now no file contains a CRL of "
              "that CA");
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
}

/* Two files with the CRL of one CA, of which one is refreshed. */
static void the_newest_counts_in_every_store(void **state)
{
    (void)state;
    static const char *const policies[] = {
        "{" TRUST ",\"server\":{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"own.crl\"}}," STATE "}",
        "{\"trust\":{\"anchors\":\"ca.pem\",\"crls\":\"own.crl\"},\"bridge\":{" TRUST "}," STATE "}"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        cg_pki_write(pki, folder, "list.crl", "six");
        cg_pki_write(pki, folder, "own.crl", "six");
        struct cg_snapshot *snapshot = fixture_load_well(policies[i]);
        cg_pki_write(pki, folder, "list.crl", "seven");
        snapshot = reload(NULL, snapshot);
        fixture_expect_faults(0, NULL);
        const struct cg_trust *other = i ? snapshot->bridge_trust : snapshot->server_trust;
        assert_string_equal(number_of(snapshot->trust), "7");
        assert_string_equal(number_of(other), "7");
        snapshot = reload(NULL, snapshot); /* nothing is new */
        fixture_expect_faults(0, NULL);
        end_process(snapshot);
        snapshot = fixture_load_well(policies[i]); /* nor is the other file an older one now */
        other = i ? snapshot->bridge_trust : snapshot->server_trust;
        assert_string_equal(number_of(snapshot->trust), "7");
        assert_string_equal(number_of(other), "7");
        cg_snapshot_free(snapshot);
        assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
    }
}

static void a_policy_without_crls_keeps_the_numbers(void **state)
{
    (void)state;
    cg_pki_write(pki, folder, "list.crl", "seven");
    struct cg_snapshot *snapshot = fixture_load_well("{" TRUST "}");
    snapshot = reload(WITHOUT "}", snapshot);
    fixture_expect_faults(0, NULL);
    assert_int_equal(cg_crl_set_count(cg_trust_crls(snapshot->trust)), 0);
    cg_pki_write(pki, folder, "list.crl", "six");
    snapshot = reload("{" TRUST "}", snapshot);
    fixture_expect_faults(1, "/list.crl: CRL of CN=root: number 6 of ");
    assert_int_equal(snapshot->policy->trust.crls.count, 0); /* the policy is taken with its CRLs, or not at all */
    cg_pki_write(pki, folder, "list.crl", "seven");
    snapshot = reload("{" TRUST "}", snapshot);
    fixture_expect_faults(0, NULL);
    assert_string_equal(number_in_use(snapshot), "7");
    snapshot = reload(WITHOUT "," STATE "}", snapshot); /* and the same over a restart */
    end_process(snapshot);
    end_process(fixture_load_well(WITHOUT "," STATE "}"));
    cg_pki_write(pki, folder, "list.crl", "six");
    loads_not("{" TRUST "," STATE "}", "is older than number 7 of ");
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
}

/* Another broker wrote a higher number into the folder. */
static void what_is_in_use_stays_in_use(void **state)
{
    (void)state;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    cg_pki_write(pki, folder, "list.crl", "seven");
    struct cg_snapshot *snapshot = fixture_load_well("{" TRUST "," STATE "}");
    numbers_raise(numbers, "eight");
    numbers_save(numbers, "state/crl-numbers");
    snapshot = reload("{" TRUST "," STATE "}", snapshot);
    fixture_expect_faults(1, "number 7 of 2027-01-13T08:00:00Z is older than number 8 of ");
    assert_string_equal(number_in_use(snapshot), "7");
    cg_pki_write(pki, folder, "list.crl", "six");
    snapshot = reload("{" TRUST "," STATE "}", snapshot);
    assert_string_equal(number_in_use(snapshot), "7");
    cg_pki_write(pki, folder, "list.crl", "eight");
    snapshot = reload("{" TRUST "," STATE "}", snapshot);
    fixture_expect_faults(0, NULL);
    assert_string_equal(number_in_use(snapshot), "8");
    cg_snapshot_free(snapshot);
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
    cg_crl_numbers_free(numbers);
}

/* A CA that is trusted again, and its CRL in a file that the previous policy named: the CRL is left out, and nothing
 * else is affected. */
static void an_old_crl_of_one_ca_holds_no_other_back(void **state)
{
    (void)state;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    cg_pki_write(pki, folder, "list.crl", "seven");
    numbers_raise(numbers, "other5");
    numbers_save(numbers, "state/crl-numbers");
    struct cg_snapshot *snapshot = fixture_load_well("{" TRUST "," STATE "}");
    cg_pki_write(pki, folder, "ca.pem", "root other");
    cg_pki_write(pki, folder, "list.crl", "eight other4");
    snapshot = reload("{" TRUST "," STATE "}", snapshot);
    fixture_expect_faults(1, "/list.crl: CRL of CN=other: number 4 of ");
    assert_int_equal(cg_crl_set_count(cg_trust_crls(snapshot->trust)), 1);
    assert_string_equal(number_in_use(snapshot), "8");
    cg_pki_write(pki, folder, "list.crl", "eight other5");
    snapshot = reload("{" TRUST "," STATE "}", snapshot);
    fixture_expect_faults(0, NULL);
    assert_int_equal(cg_crl_set_count(cg_trust_crls(snapshot->trust)), 2);
    cg_snapshot_free(snapshot);
    cg_pki_write(pki, folder, "ca.pem", "root");
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
    cg_crl_numbers_free(numbers);
}

/* Two lines, and no line "end". */
static const char cut_short[] = "certguard crl-numbers 1\n# a remark\n";

static void a_state_that_cannot_be_read(void **state)
{
    (void)state;
    cg_pki_write(pki, folder, "list.crl", "seven");
    struct cg_snapshot *snapshot = fixture_load_well("{" TRUST "," STATE "}");
    cg_scratch_write("state/crl-numbers", cut_short);
    loads_not("{" TRUST "," STATE "}", "crl-numbers:3: expected a whole line");
    cg_pki_write(pki, folder, "list.crl", "eight");
    snapshot = reload("{" TRUST "," STATE "}", snapshot);
    fixture_expect_faults(1, "crl-numbers:3: expected a whole line"); /* a new CRL is taken all the same */
    assert_string_equal(number_in_use(snapshot), "8");
    cg_pki_write(pki, folder, "list.crl", "seven");
    snapshot = reload("{" TRUST "," STATE "}", snapshot); /* and what was in use counts without the file */
    fixture_expect_faults(2, "list.crl: CRL of CN=root: cRLNumber 7 is older than 8");
    assert_string_equal(number_in_use(snapshot), "8");
    snapshot = reload("{" TRUST "}", snapshot);
    struct cg_snapshot *before = snapshot;
    snapshot = reload("{" TRUST "," STATE ",\"mode\":\"audit\"}",
                      snapshot); /* a policy that begins with it is not taken */
    assert_ptr_equal(snapshot, before);
    cg_snapshot_free(snapshot);
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_crl_is_refused_after_a_restart),  cmocka_unit_test(the_newest_counts_in_every_store),
        cmocka_unit_test(a_policy_without_crls_keeps_the_numbers),  cmocka_unit_test(what_is_in_use_stays_in_use),
        cmocka_unit_test(an_old_crl_of_one_ca_holds_no_other_back), cmocka_unit_test(a_state_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
