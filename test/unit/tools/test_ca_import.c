/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Importing a CA with library calls: its names continue under the same key, and its revoked certificates stay revoked. */
#include "ca/certify.h"
#include "ca/create.h"
#include "ca/revoke.h"
#include "import/database.h"
#include "import/plan_check.h"
#include "import/report.h"
#include "store/open.h"
#include "store/revoked.h"

#include "lib/scratch.h"

#include <openssl/bn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000) /* in January 2027 */
#define DAY INT64_C(86400)

static char old_dir[256], new_dir[256];

static int set_up(void **state)
{
    (void)state;
    cg_scratch_open("ca_import");
    snprintf(old_dir, sizeof old_dir, "%s", cg_scratch_path("old"));
    snprintf(new_dir, sizeof new_dir, "%s", cg_scratch_path("new"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cg_scratch_close();
    return 0;
}

static void open_ca(struct cg_ca *ca, const char *dir, enum cg_ca_use use, int64_t now)
{
    struct cg_error err = {""};
    const struct cg_ca_options options = {.dir = dir, .word = dir, .now = now, .wait_is_given = true};
    assert_int_equal(cg_ca_open(ca, &options, use, &err), CG_CA_OK);
    assert_string_equal(err.text, "");
}

static void issue(struct cg_ca *ca, const char *name)
{
    const struct cg_certify_request wanted = {.profile = cg_ca_profile_find("client"), .name = name};
    struct cg_error err = {""};
    struct cg_certified certified;
    struct cg_issuer issuer;
    assert_true(cg_certify_prepare(&wanted, &certified, &err));
    assert_true(cg_issuer_open(&issuer, ca, &err));
    assert_true(cg_certify(&issuer, &wanted, &certified, &err));
    cg_issuer_close(&issuer);
    cg_certified_clear(&certified);
}

/* With sensor1, which is revoked, and sensor2. */
static void make_old(void)
{
    struct cg_error err = {""};
    struct cg_created created;
    struct cg_revoked revoked;
    struct cg_revoke_what what = {.text = "sensor1", .reason = -1};
    struct cg_ca ca;
    open_ca(&ca, old_dir, CG_CA_CREATE, NOW);
    assert_true(cg_ca_create(&ca, &(struct cg_create_request){.key_type = "p256"}, &created, &err));
    cg_created_clear(&created);
    cg_ca_close(&ca);
    open_ca(&ca, old_dir, CG_CA_WRITE, NOW);
    issue(&ca, "sensor1");
    issue(&ca, "sensor2");
    assert_true(cg_revoke(&ca, &(struct cg_revoke_request){.list = {&what, 1}}, &revoked, &err));
    cg_revoked_clear(&revoked);
    cg_ca_close(&ca);
}

static unsigned skipped, good;

static void count_skipped(const void *context, const char *why)
{
    assert_null(context);
    assert_true(*why);
    skipped++;
}

static void check_finding(void *context, const struct cg_lint_finding *finding, bool is_of_ca)
{
    assert_null(context);
    assert_true(is_of_ca);
    assert_string_equal(finding->row->id, "ca_key_in_clear");
}

static void count_grade(void *context, const char *name, enum cg_import_grade grade, const char *why)
{
    assert_null(context);
    assert_string_equal(name, "sensor2"); /* revoked certificates have no grade */
    assert_string_equal(why, "");
    good += grade == CG_GRADE_GOOD;
}

static void import(void)
{
    const struct cg_import_scan_request request = {.folder = old_dir, .now = NOW + DAY, .skipped = count_skipped};
    const struct cg_import_report_visitor visitor = {check_finding, count_grade, NULL};
    struct cg_import_scan scan = {0};
    struct cg_import_plan plan = {0};
    struct cg_error err = {""};
    struct cg_ca ca;
    bool keeps_serial = true;
    const struct cg_import_request import = {.ca = &ca, .scan = &scan, .plan = &plan, .source = old_dir};
    open_ca(&ca, new_dir, CG_CA_CREATE, NOW + DAY);
    assert_true(cg_import_scan_folder(&scan, &request, &err));
    assert_true(cg_import_choose_database(&scan, &err));
    assert_int_equal(scan.nindex, 1);
    assert_null(scan.step);
    assert_true(cg_import_check_ca(&ca, &scan, false, &keeps_serial, &err));
    assert_false(keeps_serial);
    assert_true(cg_import_plan_make(&plan, &scan, &err));
    assert_true(cg_import_key_is_sound(&scan, &plan, &err));
    assert_true(cg_import_report(&import, &visitor, &err));
    assert_true(cg_import_write(&import, &err));
    cg_import_plan_free(&plan);
    cg_import_scan_free(&scan);
    cg_ca_close(&ca);
}

static X509_CRL *crl_of(const struct cg_ca *ca)
{
    char path[PATH_MAX];
    X509_CRL *crl = cg_crl_of(cg_ca_path(ca, path, "crl.pem"), ca->cert);
    assert_non_null(crl);
    return crl;
}

static void revoked_certificates_stay_revoked(void **state)
{
    char path[PATH_MAX];
    struct cg_error err = {""};
    struct cg_ca old, new;
    X509_REVOKED *entry = NULL;
    (void)state;
    skipped = good = 0;
    make_old();
    import();
    assert_int_equal(good, 1);
    assert_true(skipped > 0); /* crlnumber, for example */

    open_ca(&old, old_dir, CG_CA_READ, NOW + DAY);
    open_ca(&new, new_dir, CG_CA_WRITE, NOW + DAY);
    assert_int_equal(X509_cmp(old.cert, new.cert), 0);
    X509_CRL *before = crl_of(&old), *after = crl_of(&new);
    X509 *one = cg_cert_load(cg_ca_path(&old, path, "archive/sensor1/0001/cert.pem"), &err);
    X509 *two = cg_ca_live_cert(&new, "sensor2", &err);
    assert_non_null(one);
    assert_non_null(two);
    assert_int_equal(X509_CRL_get0_by_cert(after, &entry, one), 1);
    assert_int_equal(X509_CRL_get0_by_cert(after, &entry, two), 0);
    BIGNUM *lower = cg_crl_number(before), *higher = cg_crl_number(after);
    assert_true(BN_cmp(higher, lower) > 0);
    BN_free(higher);
    BN_free(lower);
    X509_free(two);
    X509_free(one);
    X509_CRL_free(after);
    X509_CRL_free(before);
    issue(&new, "sensor3"); /* and continues to issue */
    cg_ca_close(&new);
    cg_ca_close(&old);
}

static void a_lost_database_is_an_error(void **state)
{
    const struct cg_import_scan_request request = {.folder = old_dir, .now = NOW + DAY};
    struct cg_import_scan scan = {0};
    struct cg_error err = {""};
    (void)state;
    make_old();
    cg_scratch_remove("old/index.txt");
    assert_true(cg_import_scan_folder(&scan, &request, &err));
    assert_false(cg_import_choose_database(&scan, &err));
    assert_non_null(strstr(err.text, "would be accepted again"));
    cg_import_scan_free(&scan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(revoked_certificates_stay_revoked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_database_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
