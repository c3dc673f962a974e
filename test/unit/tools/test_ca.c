/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA as a library, which makes, issues, revokes and renews without argv, terminal or exit code, and prints nothing. OpenSSL
 * checks the results. */
#include "ca/batch.h"
#include "ca/certify.h"
#include "ca/create.h"
#include "ca/crl_renew.h"
#include "ca/renew.h"
#include "ca/revoke.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "deploy/generation.h"
#include "store/backup.h"
#include "store/live.h"
#include "store/open.h"
#include "store/revoked.h"

#include "lib/scratch.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW    INT64_C(1800000000) /* in January 2027 */
#define DAY    INT64_C(86400)
#define SECRET "correct horse battery"

static int set_up(void **state)
{
    (void)state;
    cg_scratch_open("ca");
    return 0;
}

static int streams[2] = {-1, -1}; /* standard output and error, while a file replaces them */

static void give_streams_back(void)
{
    fflush(NULL);
    for (int i = 0; i < 2; i++)
        if (streams[i] >= 0) {
            dup2(streams[i], i + 1);
            close(streams[i]);
            streams[i] = -1;
        }
}

static int tear_down(void **state)
{
    (void)state;
    give_streams_back();
    cg_scratch_close();
    return 0;
}

static struct cg_ca_options options_at(int64_t now)
{
    static char dir[256];
    snprintf(dir, sizeof dir, "%s", cg_scratch_path("home"));
    return (struct cg_ca_options){.dir = dir, .word = dir, .what = "test", .now = now, .wait_is_given = true};
}

static void open_ca(struct cg_ca *ca, enum cg_ca_use use, int64_t now)
{
    struct cg_error err = {""};
    const struct cg_ca_options options = options_at(now);
    const enum cg_ca_result result = cg_ca_open(ca, &options, use, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(result, CG_CA_OK);
}

static void create(const struct cg_create_request *wanted)
{
    struct cg_error err = {""};
    struct cg_created created;
    struct cg_ca ca;
    open_ca(&ca, CG_CA_CREATE, NOW);
    assert_true(cg_ca_create(&ca, wanted, &created, &err));
    assert_non_null(created.root);
    assert_int_equal(created.issuing != NULL, wanted->intermediate);
    cg_created_clear(&created);
    cg_ca_close(&ca);
}

static bool issue(struct cg_ca *ca, const char *profile, const char *name, struct cg_error *err)
{
    const struct cg_certify_request wanted = {.profile = cg_ca_profile_find(profile), .name = name};
    struct cg_certified certified;
    struct cg_issuer issuer = {0};
    const bool ok = cg_certify_prepare(&wanted, &certified, err) && cg_issuer_open(&issuer, ca, err) &&
                    cg_certify(&issuer, &wanted, &certified, err);
    cg_issuer_close(&issuer);
    cg_certified_clear(&certified);
    return ok;
}

static void must_issue(struct cg_ca *ca, const char *profile, const char *name)
{
    struct cg_error err = {""};
    const bool ok = issue(ca, profile, name, &err);
    assert_string_equal(err.text, "");
    assert_true(ok);
}

/* The newest CRL of "ca" or "root", from the folder. */
static X509_CRL *crl_of(const struct cg_ca *ca, const char *folder, X509 *issuer)
{
    char path[PATH_MAX];
    X509_CRL *crl = cg_crl_of(cg_ca_path(ca, path, "%s/crl.pem", folder), issuer);
    assert_non_null(crl);
    return crl;
}

/* The result of OpenSSL for the live certificate of a name: X509_V_OK or an error. */
static int verdict_of(struct cg_ca *ca, const char *name, int purpose, int64_t now)
{
    struct cg_error err = {""};
    const bool two = cg_ca_is_two_tier(ca);
    X509 *cert = cg_ca_live_cert(ca, name, &err);
    X509_CRL *crl = crl_of(ca, "ca", ca->cert), *root_crl = two ? crl_of(ca, "root", ca->root) : NULL;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    assert_non_null(cert);
    assert_true(X509_STORE_add_cert(store, ca->root) && X509_STORE_add_crl(store, crl));
    assert_true(!two || (X509_STORE_add_crl(store, root_crl) && sk_X509_push(between, ca->cert) > 0));
    assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, between), 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)now);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_purpose(param, purpose);
    (void)X509_verify_cert(ctx);
    const int verdict = X509_STORE_CTX_get_error(ctx);
    sk_X509_free(between);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_CRL_free(root_crl);
    X509_CRL_free(crl);
    X509_free(cert);
    return verdict;
}

static void issues_what_openssl_accepts(void **state)
{
    const struct cg_create_request wanted = {.subject = {.common_name = "Plant"}};
    char path[PATH_MAX];
    struct cg_ca ca;
    struct stat st;
    (void)state;
    create(&wanted);
    open_ca(&ca, CG_CA_WRITE, NOW + DAY);
    must_issue(&ca, "client", "sensor1");
    must_issue(&ca, "broker", "broker.lan");
    assert_int_equal(verdict_of(&ca, "sensor1", X509_PURPOSE_SSL_CLIENT, NOW + DAY), X509_V_OK);
    assert_int_equal(verdict_of(&ca, "sensor1", X509_PURPOSE_SSL_SERVER, NOW + DAY), X509_V_ERR_INVALID_PURPOSE);
    assert_int_equal(verdict_of(&ca, "broker.lan", X509_PURPOSE_SSL_SERVER, NOW + DAY), X509_V_OK);
    assert_int_equal(stat(cg_ca_path(&ca, path, "live/sensor1/privkey.pem"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    cg_ca_close(&ca);
}

static void two_tiers_make_one_chain(void **state)
{
    const char *const domain[] = {"plant.example.org"};
    const struct cg_create_request wanted = {.intermediate = true, .permitted = {.dns = domain, .ndns = 1}};
    struct cg_error err = {""};
    struct cg_ca ca;
    (void)state;
    create(&wanted);
    open_ca(&ca, CG_CA_WRITE, NOW + DAY);
    assert_true(cg_ca_is_two_tier(&ca));
    assert_int_equal(X509_get_pathlen(ca.root), 2);
    must_issue(&ca, "broker", "b.plant.example.org");
    assert_int_equal(verdict_of(&ca, "b.plant.example.org", X509_PURPOSE_SSL_SERVER, NOW + DAY), X509_V_OK);
    assert_false(issue(&ca, "broker", "elsewhere.example.net", &err));
    assert_non_null(strstr(err.text, "not issued"));
    cg_ca_close(&ca);
}

static void a_dry_run_writes_nothing(void **state)
{
    struct cg_ca_options options = options_at(NOW);
    struct cg_error err = {""};
    struct cg_created created;
    struct cg_ca ca;
    (void)state;
    options.dry_run = true;
    assert_int_equal(cg_ca_open(&ca, &options, CG_CA_CREATE, &err), CG_CA_OK);
    assert_true(cg_ca_create(&ca, &(struct cg_create_request){.key_type = "p384"}, &created, &err));
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(created.root)), 384);
    assert_int_not_equal(access(options.dir, F_OK), 0);
    cg_created_clear(&created);
    cg_ca_close(&ca);
}

static void reads_a_list_to_revoke(void **state)
{
    char text[] = "# stolen\r\n\n one\tKEYcompromise # by night\r\ntwo\ntwo theft\ntwo superseded three\nt\0o\nlast";
    const struct {
        const char *text, *fault;
        unsigned long line;
        int reason;
    } expected[] = {{"one", NULL, 3, 1},        {"two", NULL, 4, 4},     {"two", "\"theft\"", 5, -1},
                    {"two", "\"three\"", 6, 4}, {"t", "NUL byte", 7, 4}, {"last", NULL, 8, 4}};
    struct cg_revoke_list list = {0};
    (void)state;
    assert_true(cg_revoke_list_read(&list, text, sizeof text - 1, cg_reason_number("superseded")));
    assert_int_equal(list.count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < list.count; i++) {
        const struct cg_revoke_what *what = &list.item[i];
        assert_string_equal(what->text, expected[i].text);
        assert_int_equal(what->line, expected[i].line);
        assert_int_equal(what->reason, expected[i].reason);
        assert_int_equal(what->fault != NULL, expected[i].fault != NULL);
        if (what->fault)
            assert_non_null(strstr(what->fault, expected[i].fault));
    }
    cg_revoke_list_clear(&list);
}

/* A reason is raised and never lowered. */
static void reasons_have_an_order(void **state)
{
    const char *const usual[] = {"unspecified", "affiliationChanged", "superseded", "cessationOfOperation",
                                 "privilegeWithdrawn"};
    const char *const grave[] = {"keyCompromise", "CACompromise", "AACompromise"};
    (void)state;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        assert_int_equal(cg_reason_gravity(cg_reason_number(usual[i])), CG_REASON_USUAL);
    for (size_t i = 0; i < sizeof grave / sizeof grave[0]; i++)
        assert_int_equal(cg_reason_gravity(cg_reason_number(grave[i])), CG_REASON_COMPROMISE);
    assert_int_equal(cg_reason_gravity(cg_reason_number("certificatehold")), CG_REASON_HOLD);
    assert_int_equal(cg_reason_gravity(-1), CG_REASON_USUAL);
}

/* Renewed first, so that it has two certificates, both of which are revoked by the name. */
static void revokes_all_of_a_name(void **state)
{
    struct cg_revoke_what what = {.text = "sensor1", .reason = cg_reason_number("KEYCOMPROMISE")},
                          nobody = {.text = "nobody"};
    struct cg_revoke_request request = {.list = {&what, 1}};
    struct cg_error err = {""};
    struct cg_revoked revoked;
    struct cg_issuer issuer;
    struct cg_renewed renewed;
    struct cg_ca ca;
    (void)state;
    create(&(struct cg_create_request){.key_type = "p256"});
    open_ca(&ca, CG_CA_WRITE, NOW + DAY);
    must_issue(&ca, "client", "sensor1");
    must_issue(&ca, "client", "sensor2");
    assert_true(cg_issuer_open(&issuer, &ca, &err));
    assert_true(cg_renew(&issuer, "sensor1", &(struct cg_renew_params){.write = true}, &renewed, &err));
    cg_renewed_clear(&renewed);
    cg_issuer_close(&issuer);

    assert_true(cg_revoke(&ca, &request, &revoked, &err));
    assert_int_equal(revoked.count, 2);
    assert_string_equal(revoked.item[0].name, "sensor1");
    assert_int_equal(revoked.crl.entries, 2);
    cg_revoked_clear(&revoked);
    assert_int_equal(verdict_of(&ca, "sensor1", X509_PURPOSE_SSL_CLIENT, NOW + DAY), X509_V_ERR_CERT_REVOKED);
    assert_int_equal(verdict_of(&ca, "sensor2", X509_PURPOSE_SSL_CLIENT, NOW + DAY), X509_V_OK);

    assert_true(cg_revoke(&ca, &request, &revoked, &err)); /* again: nothing is left to revoke */
    assert_int_equal(revoked.count, 0);
    assert_int_equal(revoked.unchanged, 2);
    cg_revoked_clear(&revoked);
    assert_true(cg_issuer_open(&issuer, &ca, &err));
    assert_false(cg_renew(&issuer, "sensor1", &(struct cg_renew_params){.write = true}, &renewed, &err));
    assert_non_null(strstr(err.text, "is revoked"));
    cg_renewed_clear(&renewed);
    cg_issuer_close(&issuer);
    assert_true(cg_revoke(&ca, &(struct cg_revoke_request){.list = {&nobody, 1}}, &revoked, &err));
    assert_int_equal(revoked.count, 0);
    assert_non_null(strstr(nobody.fault, "\"nobody\""));
    free(nobody.fault);
    cg_revoked_clear(&revoked);
    cg_ca_close(&ca);
}

static void renews_with_a_new_or_the_same_key(void **state)
{
    struct cg_error err = {""};
    struct cg_issuer issuer;
    struct cg_renewed renewed;
    struct cg_ca ca;
    (void)state;
    create(&(struct cg_create_request){.key_type = "p256"});
    open_ca(&ca, CG_CA_WRITE, NOW + DAY);
    must_issue(&ca, "broker", "broker.lan");
    X509 *first = cg_ca_live_cert(&ca, "broker.lan", &err);
    assert_true(cg_issuer_open(&issuer, &ca, &err));
    assert_true(cg_renew(&issuer, "broker.lan", &(struct cg_renew_params){.write = true}, &renewed, &err));
    assert_int_equal(renewed.generation, 2);
    assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(first), X509_get0_pubkey(renewed.issued.cert)), 1);
    X509 *second = X509_dup(renewed.issued.cert);
    cg_renewed_clear(&renewed);
    assert_true(cg_renew(&issuer, "broker.lan",
                         &(struct cg_renew_params){.write = true, .reuse_key = true, .lifetime = 10 * DAY}, &renewed,
                         &err));
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(second), X509_get0_pubkey(renewed.issued.cert)), 1);
    assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(renewed.issued.cert), X509_get0_notAfter(second)), -1);
    cg_renewed_clear(&renewed);
    cg_issuer_close(&issuer);
    assert_int_equal(cg_generation_live(&ca, "broker.lan"), 3);
    assert_int_equal(verdict_of(&ca, "broker.lan", X509_PURPOSE_SSL_SERVER, NOW + DAY), X509_V_OK);
    X509_free(second);
    X509_free(first);
    cg_ca_close(&ca);
}

struct reports {
    unsigned failed, reported;
    char why[256];
};

static struct reports reports;

static void note_failed(const void *context, unsigned long line, const char *why)
{
    assert_ptr_equal(context, &reports);
    assert_int_equal(line, 3);
    reports.failed++;
    snprintf(reports.why, sizeof reports.why, "%s", why);
}

static void note_progress(struct cg_progress *progress, size_t done, size_t total)
{
    assert_string_equal(progress->what, "issued");
    assert_true(done <= total);
    reports.reported++;
}

static void a_batch_reports_failed_lines(void **state)
{
    char lines[] = "# devices\nsensor1\nsensor2 dns:no_host-\nsensor3 uri:urn:dev:three\n";
    struct cg_progress progress = {.what = "issued", .show = note_progress};
    const struct cg_batch_request request = {
        .profile = cg_ca_profile_find("client"), .failed = note_failed, .context = &reports, .progress = &progress};
    struct cg_error err = {""};
    struct cg_batch_result result;
    struct cg_issuer issuer;
    struct cg_ca ca;
    (void)state;
    reports = (struct reports){0};
    create(&(struct cg_create_request){.key_type = "p256"});
    open_ca(&ca, CG_CA_WRITE, NOW + DAY);
    must_issue(&ca, "client", "sensor1");
    assert_true(cg_issuer_open(&issuer, &ca, &err));
    assert_int_equal(cg_batch_issue(&ca, &issuer, &request, lines, &result, &err), CG_CA_OK);
    cg_issuer_close(&issuer);
    assert_int_equal(result.made, 1);
    assert_int_equal(result.skipped, 1);
    assert_int_equal(result.failed, 1);
    assert_int_equal(reports.failed, 1);
    assert_non_null(strstr(reports.why, "no_host-"));
    assert_true(reports.reported > 0);
    assert_int_equal(verdict_of(&ca, "sensor3", X509_PURPOSE_SSL_CLIENT, NOW + DAY), X509_V_OK);
    cg_ca_close(&ca);
}

static void a_name_in_use_is_not_issued_again(void **state)
{
    struct cg_error err = {""};
    struct cg_ca ca;
    (void)state;
    create(&(struct cg_create_request){.key_type = "p256"});
    open_ca(&ca, CG_CA_WRITE, NOW + DAY);
    must_issue(&ca, "client", "sensor1");
    assert_false(issue(&ca, "client", "sensor1", &err));
    assert_non_null(strstr(err.text, "has a certificate that is valid until"));
    cg_ca_close(&ca);
}

static void a_backup_overwrites_no_file(void **state)
{
    struct cg_error err = {""};
    struct cg_ca ca;
    struct stat st;
    struct cg_backup_result made;
    const char *path = cg_scratch_path("backup.tar");
    (void)state;
    create(&(struct cg_create_request){.key_type = "p256"});
    open_ca(&ca, CG_CA_HOLD, NOW + DAY);
    assert_true(cg_ca_backup(&ca, path, NULL, &made, &err));
    assert_true(made.entries > 5);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_false(cg_ca_backup(&ca, path, NULL, &made, &err));
    cg_ca_close(&ca);
}

/* What OpenSSL reads from the same PEM; false if it cannot. */
static bool read_by_openssl(const char *pem, size_t len, struct cg_live *live)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    char *serial = cert ? cg_index_serial(X509_get0_serialNumber(cert)) : NULL;
    const bool ok = serial && cg_time_seconds(X509_get0_notBefore(cert), &live->start) &&
                    cg_time_seconds(X509_get0_notAfter(cert), &live->end);
    snprintf(live->serial, sizeof live->serial, "%s", serial ? serial : "");
    OPENSSL_free(serial);
    X509_free(cert);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

/* With every byte changed in turn, and of every length. */
static void dates_are_those_that_openssl_reads(void **state)
{
    char path[PATH_MAX];
    struct cg_bytes pem;
    struct cg_error err = {""};
    struct cg_ca ca;
    (void)state;
    create(&(struct cg_create_request){.key_type = "p256"});
    open_ca(&ca, CG_CA_WRITE, NOW + DAY);
    must_issue(&ca, "client", "sensor1");
    assert_true(cg_file_read(cg_ca_path(&ca, path, "live/sensor1/cert.pem"), CG_FILE_PUBLIC, 65536, &pem, &err));
    for (size_t i = 0; i <= 2 * pem.len; i++) {
        struct cg_live quick = {.name = NULL}, exact = {.name = NULL};
        const size_t len = i < pem.len ? i : pem.len;
        char *changed = strndup((const char *)pem.data, pem.len);
        unsigned char copy[65536];
        assert_non_null(changed);
        if (i > pem.len)
            changed[i - pem.len - 1] ^= 1;
        memcpy(copy, changed, len);
        const bool is_read = cg_live_read_pem(&quick, copy, len);
        if (is_read && read_by_openssl(changed, len, &exact)) {
            assert_int_equal(quick.start, exact.start);
            assert_int_equal(quick.end, exact.end);
            assert_string_equal(quick.serial, exact.serial);
        }
        assert_true(is_read == (i == pem.len) || i > pem.len || i + 1 == pem.len);
        free(changed);
    }
    cg_bytes_free(&pem);
    cg_ca_close(&ca);
}

/* One with a record in deploy/, one that cannot be read, and a file that is not a name. */
static void lists_the_live_names(void **state)
{
    struct cg_error err = {""};
    struct cg_lives lives;
    struct cg_ca ca;
    (void)state;
    create(&(struct cg_create_request){.key_type = "p256"});
    open_ca(&ca, CG_CA_WRITE, NOW + DAY);
    must_issue(&ca, "client", "sensor1");
    must_issue(&ca, "client", "Sensor2");
    (void)cg_scratch_write("home/live/empty", "");
    assert_int_equal(mkdir(cg_scratch_path("home/deploy"), 0700), 0);
    (void)cg_scratch_write("home/deploy/sensor1.json", "{}");
    (void)cg_scratch_write("home/deploy/sensor.json", "{}");
    assert_true(cg_lives_load(&lives, &ca, &err));
    assert_int_equal(lives.count, 3);
    assert_string_equal(lives.item[0].name, "Sensor2");
    assert_string_equal(lives.item[1].name, "empty");
    assert_string_equal(lives.item[2].name, "sensor1");
    assert_true(lives.item[0].is_read && !lives.item[1].is_read && lives.item[2].is_read);
    assert_true(!lives.item[0].has_record && !lives.item[1].has_record && lives.item[2].has_record);
    cg_lives_free(&lives);
    cg_ca_close(&ca);
}

static void a_new_crl_has_a_higher_number(void **state)
{
    struct cg_error err = {""};
    struct cg_crl_renewed renewed;
    struct cg_ca ca;
    (void)state;
    create(&(struct cg_create_request){.key_type = "p256"});
    open_ca(&ca, CG_CA_WRITE, NOW + 2 * DAY);
    assert_false(cg_crl_is_due(&ca, false, 50)); /* of seven days */
    assert_true(cg_crl_is_due(&ca, false, 20));
    assert_true(cg_crl_renew(&ca, &(struct cg_crl_request){.lifetime = 30 * DAY}, &renewed, &err));
    assert_string_equal(renewed.made.number, "02");
    assert_int_equal(renewed.made.next_update, NOW + 32 * DAY);
    cg_crl_made_clear(&renewed.made);
    X509_CRL *crl = crl_of(&ca, "ca", ca.cert);
    assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(ca.cert)), 1);
    X509_CRL_free(crl);
    cg_ca_close(&ca);
}

static bool opens_with(const char *passphrase, struct cg_error *err)
{
    struct cg_ca_options options = options_at(NOW + DAY);
    struct cg_issuer issuer;
    struct cg_ca ca;
    options.passphrase = cg_passphrase_known(passphrase);
    *err = (struct cg_error){""};
    assert_int_equal(cg_ca_open(&ca, &options, CG_CA_WRITE, err), CG_CA_OK);
    const bool ok = cg_issuer_open(&issuer, &ca, err);
    cg_issuer_close(&issuer);
    cg_ca_close(&ca);
    return ok;
}

static void an_encrypted_key_asks_for_its_passphrase(void **state)
{
    struct cg_error err = {""};
    (void)state;
    create(&(struct cg_create_request){.passphrase = SECRET});
    assert_true(opens_with(SECRET, &err));
    assert_false(opens_with("wrong one", &err));
    assert_non_null(strstr(err.text, "the passphrase is wrong"));
    assert_false(opens_with(NULL, &err));
    assert_non_null(strstr(err.text, "no passphrase was given"));
}

static unsigned waits;

static void count_waits(const void *context, const char *holder, int64_t seconds)
{
    assert_null(context);
    assert_non_null(strstr(holder, "test"));
    assert_int_equal(seconds, 2);
    waits++;
}

static void one_writer_at_a_time(void **state)
{
    struct cg_ca_options options = options_at(NOW + DAY);
    struct cg_error err = {""};
    struct cg_ca ca, second;
    (void)state;
    waits = 0;
    create(&(struct cg_create_request){.key_type = "p256"});
    open_ca(&ca, CG_CA_WRITE, NOW + DAY);
    assert_int_equal(cg_ca_open(&second, &options, CG_CA_WRITE, &err), CG_CA_LOCKED);
    cg_ca_close(&second);
    options.wait = 2;
    options.waits = count_waits;
    assert_int_equal(cg_ca_open(&second, &options, CG_CA_WRITE, &err), CG_CA_LOCKED);
    assert_int_equal(waits, 1);
    cg_ca_close(&second);
    assert_int_equal(cg_ca_open(&second, &options, CG_CA_READ, &err), CG_CA_OK);
    cg_ca_close(&second);
    cg_ca_close(&ca);
}

static void a_clock_that_is_behind_changes_nothing(void **state)
{
    struct cg_ca_options options = options_at(NOW - 10 * DAY);
    struct cg_error err = {""};
    struct cg_ca ca;
    (void)state;
    create(&(struct cg_create_request){.key_type = "p256"});
    assert_int_equal(cg_ca_open(&ca, &options, CG_CA_WRITE, &err), CG_CA_FAILED);
    assert_non_null(strstr(err.text, "the clock of this computer"));
    cg_ca_close(&ca);
    options.now_is_given = true;
    assert_int_equal(cg_ca_open(&ca, &options, CG_CA_WRITE, &err), CG_CA_OK);
    assert_true(ca.clock_set);
    cg_ca_close(&ca);
}

static void prints_nothing(void **state)
{
    struct stat st;
    const char *path = cg_scratch_write("said", "");
    FILE *said = fopen(path, "w");
    assert_non_null(said);
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        streams[i] = dup(i + 1);
        dup2(fileno(said), i + 1);
    }
    revokes_all_of_a_name(state);
    give_streams_back();
    assert_int_equal(fstat(fileno(said), &st), 0);
    assert_int_equal(st.st_size, 0);
    fclose(said);
}

int main(void)
{
#define CA_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CA_TEST(issues_what_openssl_accepts),
        CA_TEST(two_tiers_make_one_chain),
        CA_TEST(a_dry_run_writes_nothing),
        CA_TEST(a_name_in_use_is_not_issued_again),
        CA_TEST(a_batch_reports_failed_lines),
        CA_TEST(a_backup_overwrites_no_file),
        CA_TEST(revokes_all_of_a_name),
        cmocka_unit_test(reads_a_list_to_revoke),
        cmocka_unit_test(reasons_have_an_order),
        CA_TEST(renews_with_a_new_or_the_same_key),
        CA_TEST(dates_are_those_that_openssl_reads),
        CA_TEST(lists_the_live_names),
        CA_TEST(a_new_crl_has_a_higher_number),
        CA_TEST(an_encrypted_key_asks_for_its_passphrase),
        CA_TEST(one_writer_at_a_time),
        CA_TEST(a_clock_that_is_behind_changes_nothing),
        CA_TEST(prints_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
