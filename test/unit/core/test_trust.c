/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Trust stores: what becomes an anchor, what is refused and with which error, look-up by subject, CRLs and folders. */
#include "core/trust/trust.h"
#include "lib/pki_maker.h"
#include "lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW 1800000000

static struct cg_pki *pki;
static const char *folder;

static int make_pki(void **state)
{
    (void)state;
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "root: ca cn=root\n"
                     "other: ca cn=other\n"
                     "twin: ca cn=root key=p384\n"
                     "mid: ca cn=mid issuer=root\n"
                     "dev: issuer=mid\n"
                     "forged: ca cn=forged broken-signature\n"
                     "unusable: ca cn=unusable ku=none ext=critical,2.5.29.15=03020700\n"
                     "malformed: ca cn=malformed bc=none ext=critical,2.5.29.19=0500\n"
                     "list: crl issuer=root number=1\n"
                     "midlist: crl issuer=mid number=1 revoke=dev\n"
                     "foreign: crl issuer=other number=1\n"
                     "old: crl issuer=root number=1\n"
                     "new: crl issuer=root number=2\n");
    folder = cg_scratch_open("trust");
    return 0;
}

static int free_pki(void **state)
{
    (void)state;
    cg_pki_free(pki);
    cg_scratch_close();
    return 0;
}

static char *pem_of(const char *names)
{
    return *names ? cg_pki_pem(pki, names) : strdup("");
}

static struct cg_trust *trust_of(const char *anchors, const char *intermediates)
{
    struct cg_trust *trust = cg_trust_new();
    struct cg_error err = {""};
    char *pem = pem_of(anchors), *more = pem_of(intermediates);
    if (!cg_trust_add_anchors(trust, "ca.pem", pem, strlen(pem), &err) ||
        (*more && !cg_trust_add_intermediates(trust, "mid.pem", more, strlen(more), &err)))
        fail_msg("%s", err.text);
    free(pem);
    free(more);
    return trust;
}

static int size_of(const STACK_OF(X509) *certs)
{
    return sk_X509_num(certs);
}

static void sorts_anchors_from_intermediates(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *anchors, *intermediates;
        int nanchors, nintermediates;
    } rows[] = {
        {"a root", "root", "", 1, 0},
        {"a root and its intermediate in one file", "mid root", "", 1, 1},
        {"an intermediate alone is no anchor", "mid", "", 0, 1},
        {"the same certificate twice", "root root mid mid", "root mid", 1, 1},
        {"a self-signed one among the intermediates stays untrusted", "root", "other", 1, 1},
        {"two roots of one name", "root twin", "", 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_trust *trust = trust_of(rows[i].anchors, rows[i].intermediates);
        int anchors = size_of(cg_trust_anchors(trust)), intermediates = size_of(cg_trust_intermediates(trust));
        if (anchors != rows[i].nanchors || intermediates != rows[i].nintermediates)
            fail_msg("%s: %d anchors, %d intermediates", rows[i].sentence, anchors, intermediates);
        cg_trust_free(trust);
    }
}

static void finds_by_subject(void **state)
{
    (void)state;
    struct cg_trust *trust = trust_of("root twin other", "mid");
    int found = 0, anchors = 0;
    const struct cg_trust_entry *entry = cg_trust_find(trust, X509_get_issuer_name(cg_pki_cert(pki, "mid")));
    for (; entry; entry = cg_trust_next(entry), found++)
        anchors += entry->anchor;
    assert_int_equal(found, 2);
    assert_int_equal(anchors, 2);
    entry = cg_trust_find(trust, X509_get_issuer_name(cg_pki_cert(pki, "dev")));
    assert_non_null(entry);
    assert_false(entry->anchor);
    assert_int_equal(X509_cmp(entry->cert, cg_pki_cert(pki, "mid")), 0);
    assert_null(cg_trust_next(entry));
    assert_null(cg_trust_find(trust, X509_get_subject_name(cg_pki_cert(pki, "dev"))));
    cg_trust_free(trust);
}

/* Past the first size of the index, everything is still found. */
static void index_grows(void **state)
{
    (void)state;
    enum { COUNT = 80 };
    struct cg_trust *trust = trust_of("root", "");
    for (int i = 0; i < COUNT; i++) {
        char recipe[64];
        snprintf(recipe, sizeof recipe, "m: ca cn=m%d issuer=root\n", i);
        cg_pki_make(pki, recipe);
        char *pem = cg_pki_pem(pki, "m");
        assert_true(cg_trust_add_intermediates(trust, "m.pem", pem, strlen(pem), NULL));
        free(pem);
    }
    assert_int_equal(size_of(cg_trust_intermediates(trust)), COUNT);
    for (int i = 0; i < COUNT; i++) {
        const X509 *cert = sk_X509_value(cg_trust_intermediates(trust), i);
        const struct cg_trust_entry *entry = cg_trust_find(trust, X509_get_subject_name(cert));
        assert_non_null(entry);
        assert_ptr_equal(entry->cert, cert);
    }
    cg_trust_free(trust);
}

/* ---- bundles that are refused; %s in text is the root's PEM */

static const struct {
    const char *sentence, *text, *words;
} refused[] = {
    {"an empty file", "", "found none. Check that it is the right file"},
    {"some other text", "hello\n", "found none"},
    {"a private key beside the certificate", "%s-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
     "A CA's private key does not belong on this machine"},
    {"an encrypted one too", "%s-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
     "private key"},
    {"a key of the old kind, with header lines",
     "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----\n%s",
     "private key"},
    {"a CRL among anchors", "%s-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "name them in trust.crls"},
    {"another kind of block", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
     "found a request for a certificate (CSR)"},
    {"cut in the BEGIN line", "%s-----BEGIN CERTIF", "ca.pem: PEM block 2: its BEGIN line is malformed"},
    {"cut in the dashes", "%s-----", "ca.pem: PEM block 2: the file ends inside it"},
    {"cut in the body", "%s-----BEGIN CERTIFICATE-----\nMIIB",
     "ca.pem: certificate 2: its PEM block has no END line. Check that the file is complete"},
    {"cut in the END line", "%s-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERT", "has no END line"},
    {"an END line of another kind", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END X509 CRL-----\n", "has no END line"},
    {"not base64", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
     "ca.pem: certificate 1: its PEM block is not base64. Copy the file again"},
    {"not base64, and others around", "%s-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
     "ca.pem: certificate 2: its PEM block is not base64. Copy the file again"},
    {"no body", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "not base64"},
    {"base64 of something else", "%s-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
     "ca.pem: certificate 2: not a valid X.509 certificate. Export it again, or remove it from the file"},
    {"DER of something else", "\x30\x82\x01\x01zzzz", "certificate 1: not a valid"},
};

static void refuses_wrong_bundles(void **state)
{
    (void)state;
    char *root = cg_pki_pem(pki, "root");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *mark = strstr(refused[i].text, "%s");
        char text[8192];
        if (mark)
            snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - refused[i].text), refused[i].text, root, mark + 2);
        else
            snprintf(text, sizeof text, "%s", refused[i].text);
        struct cg_trust *trust = cg_trust_new();
        struct cg_error err = {""};
        if (cg_trust_add_anchors(trust, "ca.pem", text, strlen(text), &err))
            fail_msg("%s: accepted", refused[i].sentence);
        if (strncmp(err.text, "ca.pem: ", 8) != 0 || !strstr(err.text, refused[i].words))
            fail_msg("%s: expected \"%s\", found \"%s\"", refused[i].sentence, refused[i].words, err.text);
        cg_trust_free(trust);
    }
    free(root);
}

/* Every OpenSSL refuses a date of another type, as OpenSSL 4 refuses a date without seconds. */
static void refuses_dates_that_openssl_does_not_read(void **state)
{
    (void)state;
    unsigned char *der = NULL;
    int len = i2d_X509(cg_pki_cert(pki, "other"), &der);
    assert_true(len > 0);
    const size_t size = (size_t)len;
    unsigned char *date = memmem(der, size, "\x17\x0d", 2);
    assert_non_null(date);
    *date = 0x16;
    char *root = cg_pki_pem(pki, "root"), text[8192], base64[4096];
    EVP_EncodeBlock((unsigned char *)base64, der, len);
    for (int at = 1; at <= 2; at++) {
        struct cg_trust *trust = cg_trust_new();
        struct cg_error err = {""};
        char words[64];
        snprintf(text, sizeof text, "%s-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n%s",
                 at == 2 ? root : "", base64, root);
        snprintf(words, sizeof words, "ca.pem: certificate %d: a date of its validity", at);
        assert_false(cg_trust_add_anchors(trust, "ca.pem", text, strlen(text), &err));
        if (!strstr(err.text, words) || !strstr(err.text, "Have it issued again, or remove it from the file"))
            fail_msg("expected \"%s\", found \"%s\"", words, err.text);
        cg_trust_free(trust);
    }
    OPENSSL_free(der);
    free(root);
}

static void refuses_a_doubtful_root_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *names, *words;
    } doubtful[] = {
        {"root forged", "ca.pem: certificate 2: it names itself as its issuer"},
        {"root unusable", "ca.pem: certificate 2: its keyUsage lacks keyCertSign"},
        {"root malformed", "ca.pem: certificate 2: an extension of it is malformed"},
    };
    for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++) {
        struct cg_trust *trust = cg_trust_new();
        struct cg_error err = {""};
        char *pem = cg_pki_pem(pki, doubtful[i].names);
        assert_false(cg_trust_add_anchors(trust, "ca.pem", pem, strlen(pem), &err));
        if (!strstr(err.text, doubtful[i].words))
            fail_msg("expected \"%s\", found \"%s\"", doubtful[i].words, err.text);
        assert_true(cg_trust_add_intermediates(trust, "ca.pem", pem, strlen(pem), &err)); /* trusted for nothing */
        free(pem);
        cg_trust_free(trust);
    }
}

static void accepts_der_and_text_around(void **state)
{
    (void)state;
    unsigned char *der = NULL;
    int len = i2d_X509(cg_pki_cert(pki, "root"), &der);
    struct cg_trust *trust = cg_trust_new();
    struct cg_error err = {""};
    assert_true(cg_trust_add_anchors(trust, "ca.der", der, (size_t)len, &err));
    assert_int_equal(size_of(cg_trust_anchors(trust)), 1);
    assert_false(cg_trust_add_anchors(trust, "ca.der", der, (size_t)len - 1, &err));

    unsigned char longer[4096] = {0};
    memcpy(longer, der, (size_t)len);
    assert_false(cg_trust_add_anchors(trust, "ca.der", longer, (size_t)len + 1, &err));
    assert_non_null(strstr(err.text, "bytes follow after its end"));

    char *pem = cg_pki_pem(pki, "other"), text[8192];
    snprintf(text, sizeof text, "# our other CA\r\n%s\nend of file\n", pem);
    assert_true(cg_trust_add_anchors(trust, "ca.pem", text, strlen(text), &err));
    assert_int_equal(size_of(cg_trust_anchors(trust)), 2);
    free(pem);
    OPENSSL_free(der);
    cg_trust_free(trust);
}

/* ---- CRLs */

static void reads_crls(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *crls, *words;
        size_t count;
    } rows[] = {
        {"one CRL", "list", NULL, 1},
        {"CRLs of root and intermediate in one file", "list midlist", NULL, 2},
        {"a CRL of a CA that is not trusted", "foreign", "crl.pem: ", 0},
        {"one that is not trusted behind another", "list foreign", "crl.pem: CRL 2: ", 1},
        {"and before it", "foreign list", "crl.pem: CRL 1: ", 0},
        {"certificates instead", "root", "expected CRLs, found a PEM block CERTIFICATE", 0},
        {"nothing", "", "found none", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_trust *trust = trust_of("root", "mid");
        struct cg_error err = {""};
        char *pem = pem_of(rows[i].crls);
        bool ok = cg_trust_add_crls(trust, "crl.pem", pem, strlen(pem), &err);
        if (ok != !rows[i].words || (!ok && !strstr(err.text, rows[i].words)))
            fail_msg("%s: %s", rows[i].sentence, ok ? "accepted" : err.text);
        if (cg_crl_set_count(cg_trust_crls(trust)) != rows[i].count)
            fail_msg("%s: %zu CRLs", rows[i].sentence, cg_crl_set_count(cg_trust_crls(trust)));
        free(pem);
        cg_trust_free(trust);
    }
}

static void loads_files_and_folders(void **state)
{
    (void)state;
    char *crls = strdup(cg_scratch_path("crls"));
    assert_int_equal(mkdir(crls, 0755), 0);
    cg_pki_write(pki, folder, "ca.pem", "root");
    cg_pki_write(pki, folder, "mid.pem", "mid");
    cg_pki_write(pki, crls, "1.crl", "list");
    cg_pki_write(pki, crls, "2.pem", "midlist");
    cg_pki_write(pki, crls, "README", "root");
    const char *anchors[] = {cg_scratch_path("ca.pem")}, *mids[] = {cg_scratch_path("mid.pem")}, *lists[] = {crls};
    struct cg_trust_files files = {.anchors = {anchors, 1}, .intermediates = {mids, 1}, .crls = {lists, 1}};
    struct cg_error err = {""};
    struct cg_trust *trust = cg_trust_new();
    if (!cg_trust_load(trust, &files, &err))
        fail_msg("%s", err.text);
    assert_int_equal(cg_crl_set_count(cg_trust_crls(trust)), 2);
    assert_ptr_equal(cg_trust_ref(trust), trust);
    cg_trust_free(trust);
    assert_int_equal(size_of(cg_trust_anchors(trust)), 1); /* one reference is left */
    cg_trust_free(trust);

    struct cg_file_states seen = {NULL, 0};
    trust = cg_trust_load_certificates(&files, &err);
    assert_non_null(trust);
    assert_true(cg_trust_read_crls(trust, &files, NULL, &seen, &err));
    assert_int_equal(seen.count, 3); /* the folder, two CRLs */
    cg_trust_free(trust);
    cg_file_states_clear(&seen);
    free(crls);
}

static void load_needs_an_anchor(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *content, *words;
    } rows[] = {
        {"no file at all", NULL, "Add \"trust\": {\"anchors\""},
        {"only an intermediate", "mid", "found only intermediates. Add the root's certificate. To trust these CAs"},
        {"no such file", "", "no such file (its folder exists)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = cg_scratch_path("anchors.pem"), *names[] = {path};
        struct cg_trust_files files = {.anchors = {names, rows[i].content ? 1 : 0}};
        struct cg_trust *trust = cg_trust_new();
        struct cg_error err = {""};
        unlink(path);
        if (rows[i].content && *rows[i].content)
            cg_pki_write(pki, folder, "anchors.pem", rows[i].content);
        if (cg_trust_load(trust, &files, &err) || !strstr(err.text, rows[i].words))
            fail_msg("%s: %s", rows[i].sentence, err.text);
        cg_trust_free(trust);
    }
}

static void intermediate_anchors_are_named_as_such(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *issuing, *anchors, *intermediates, *words; /* NULL: no such file; words NULL: taken */
        int nanchors, nintermediates;
    } rows[] = {
        {"alone", "mid", NULL, NULL, NULL, 1, 0},
        {"beside a root that did not sign it", "mid", "other", NULL, NULL, 2, 0},
        {"beside its root", "mid", "root", NULL, NULL, 2, 0},
        {"named as an intermediate as well", "mid", "other mid", "mid", NULL, 2, 0},
        {"no CA", "dev", NULL, NULL, "certificate 1: 'CN=dev' is not a CA (basicConstraints", 0, 0},
        {"no CA among others", "mid dev", "root", NULL, "certificate 2: 'CN=dev' is not a CA", 0, 0},
        {"a root, which would be more than was meant", "mid root", NULL, NULL,
         "certificate 2: 'CN=root' is a self-signed root", 0, 0},
        {"one that signed itself wrongly", "forged", "root", NULL, "its own key did not sign it", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const contents[] = {rows[i].issuing, rows[i].anchors, rows[i].intermediates};
        char *paths[3];
        for (int k = 0; k < 3; k++) {
            static const char *const names[] = {"issuing.pem", "anchors.pem", "between.pem"};
            paths[k] = strdup(cg_scratch_path(names[k]));
            if (contents[k])
                cg_pki_write(pki, folder, names[k], contents[k]);
        }
        const char *const lists[] = {paths[0], paths[1], paths[2]};
        const struct cg_trust_files files = {
            .intermediate_anchors = {(const char **)(uintptr_t)&lists[0], rows[i].issuing != NULL},
            .anchors = {(const char **)(uintptr_t)&lists[1], rows[i].anchors != NULL},
            .intermediates = {(const char **)(uintptr_t)&lists[2], rows[i].intermediates != NULL}};
        struct cg_error err = {""};
        struct cg_file_states file_states = {NULL, 0};
        struct cg_trust *trust = cg_trust_load_certificates(&files, &err);
        if (!trust != !!rows[i].words || (rows[i].words && !strstr(err.text, rows[i].words)))
            fail_msg("%s: %s", rows[i].sentence, err.text);
        if (trust && (size_of(cg_trust_anchors(trust)) != rows[i].nanchors ||
                      size_of(cg_trust_intermediates(trust)) != rows[i].nintermediates))
            fail_msg("%s: %d anchors", rows[i].sentence, size_of(cg_trust_anchors(trust)));
        assert_true(cg_trust_record_certificates(&files, &file_states));
        assert_int_equal(file_states.count, files.anchors.count + files.intermediates.count + 1);
        cg_file_states_clear(&file_states);
        cg_trust_free(trust);
        for (int k = 0; k < 3; k++)
            free(paths[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_anchors_from_intermediates),
        cmocka_unit_test(finds_by_subject),
        cmocka_unit_test(index_grows),
        cmocka_unit_test(refuses_wrong_bundles),
        cmocka_unit_test(refuses_dates_that_openssl_does_not_read),
        cmocka_unit_test(refuses_a_doubtful_root_with_the_reason),
        cmocka_unit_test(accepts_der_and_text_around),
        cmocka_unit_test(reads_crls),
        cmocka_unit_test(loads_files_and_folders),
        cmocka_unit_test(load_needs_an_anchor),
        cmocka_unit_test(intermediate_anchors_are_named_as_such),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
