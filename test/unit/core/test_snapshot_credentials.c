/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Several credentials of one listener: one of each key type, each loaded separately. */
#include "snapshot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct cg_pki *pki;
static char contents[4][16]; /* the certificate in the files a, b, c and d */

static int make_files(void **state)
{
    (void)state;
    pki = fixture_open("credentials");
    cg_pki_make(pki, "ec: server issuer=mid\n"
                     "ec2: server issuer=mid\n"
                     "p384: server issuer=mid key=p384\n"
                     "rsa: server issuer=mid key=rsa2048\n"
                     "rsa2: server issuer=mid key=rsa2048\n"
                     "pss: server issuer=mid key=rsapss2048\n"
                     "narrow: server issuer=mid key=rsa2048 san=dns:other\n");
    cg_pki_write(pki, cg_scratch_folder(), "ca.pem", "root");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    fixture_close();
    return 0;
}

/* Writes what is new, so that the other files look unchanged. "-": the chain is gone. */
static void put(char file, const char *name)
{
    char chain[8], key[8], certificates[32], *before = contents[file - 'a'];
    snprintf(chain, sizeof chain, "%c.pem", file);
    snprintf(key, sizeof key, "%c.key", file);
    if (strcmp(before, name) == 0)
        return;
    snprintf(before, sizeof contents[0], "%s", name);
    unlink(cg_scratch_path(chain));
    if (strcmp(name, "-") == 0)
        return;
    unlink(cg_scratch_path(key));
    snprintf(certificates, sizeof certificates, "%s mid", name);
    cg_pki_write(pki, cg_scratch_folder(), chain, certificates);
    cg_pki_write_key(pki, cg_scratch_folder(), key, name);
}

/* "a=ec b=rsa": writes these files, and the policy that names them in this order. */
static const char *policy_of(const char *files, char out[1024])
{
    char copy[64];
    size_t len = (size_t)snprintf(out, 1024, "{\"trust\":{\"anchors\":\"ca.pem\"},\"credential\":[");
    snprintf(copy, sizeof copy, "%s", files);
    for (char *word, *rest = copy; (word = strtok_r(rest, " ", &rest));) {
        put(word[0], word + 2);
        len += (size_t)snprintf(out + len, 1024 - len, "%s{\"chain\":\"%c.pem\",\"key\":\"%c.key\"}",
                                out[len - 1] == '[' ? "" : ",", word[0], word[0]);
    }
    snprintf(out + len, 1024 - len, "]}");
    return out;
}

static void expect_served(const char *sentence, const struct cg_snapshot *snapshot, const char *names)
{
    const struct cg_credentials *credentials = cg_snapshot_credentials(snapshot, 8883);
    char copy[64];
    size_t i = 0;
    snprintf(copy, sizeof copy, "%s", names);
    for (char *word, *rest = copy; (word = strtok_r(rest, " ", &rest)); i++)
        if (i >= credentials->count || X509_cmp(credentials->item[i]->leaf, cg_pki_cert(pki, word)) != 0)
            fail_msg("%s: number %zu is not %s", sentence, i, word);
    if (credentials->count != i)
        fail_msg("%s: %zu credentials, expected %s", sentence, credentials->count, names);
}

/* At start, each of them must be good, as a single one. */
static void at_start(void **state)
{
    (void)state;
    static const struct {
        const char *files, *served, *error;
    } rows[] = {
        {"a=ec", "ec", NULL},
        {"a=ec b=rsa", "ec rsa", NULL},
        {"a=rsa b=ec c=pss", "rsa ec pss", NULL},
        {"a=ec b=ec2", NULL, "b.pem: the key type is EC, as in "},
        {"a=ec b=p384", NULL, "b.pem: the key type is EC, as in "}, /* one place whatever the curve */
        {"a=rsa b=ec c=rsa2", NULL, "c.pem: the key type is RSA, as in "},
        {"a=ec b=-", NULL, "b.pem: no such file"},
        {"a=expired b=rsa", NULL, "a.pem: refused by the server policy: expired"},
        {"a=ec b=client", NULL, "b.pem: refused by the server policy: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024];
        struct cg_error err = {""};
        struct cg_snapshot *snapshot = fixture_load(policy_of(rows[i].files, text), NULL, &err);
        if (!snapshot != !rows[i].served || (rows[i].error && !strstr(err.text, rows[i].error)))
            fail_msg("%s: %s", rows[i].files, err.text);
        if (snapshot)
            expect_served(rows[i].files, snapshot, rows[i].served);
        cg_snapshot_free(snapshot);
    }
}

/* At a reload, one that cannot be used keeps its old one, and never holds back another. */
static void at_reload(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *before, *after, *served;
        size_t faults;
        const char *words;
    } rows[] = {
        {"one of two is renewed", "a=ec b=rsa", "a=ec b=rsa2", "ec rsa2", 0, NULL},
        {"both are renewed", "a=ec b=rsa", "a=ec2 b=rsa2", "ec2 rsa2", 0, NULL},
        {"the first is bad, the second is renewed", "a=ec b=rsa", "a=expired b=rsa2", "ec rsa2", 1, "a.pem: "},
        {"the first is gone, the second is renewed", "a=ec b=rsa", "a=- b=rsa2", "ec rsa2", 1, "a.pem: no such file"},
        {"the second is bad, the first is renewed", "a=ec b=rsa", "a=ec2 b=client", "ec2 rsa", 1, "b.pem: "},
        {"names are missing in one", "a=ec b=rsa", "a=ec2 b=narrow", "ec2 rsa", 1, "b.pem: expected the names"},
        {"a further one", "a=ec", "a=ec b=rsa", "ec rsa", 0, NULL},
        {"a further one that was never good", "a=ec", "a=ec2 b=expired", "ec2", 1, "b.pem: "},
        {"a further one of the same type", "a=ec", "a=ec b=ec2", "ec", 1, "b.pem: the key type is EC"},
        {"a further one of the same type, in front", "a=ec", "b=p384 a=ec", "ec", 1, "b.pem: the key type is EC"},
        {"one is removed", "a=ec b=rsa", "b=rsa", "rsa", 0, NULL},
        {"the order changes", "a=ec b=rsa", "b=rsa a=ec2", "rsa ec2", 0, NULL},
        {"another file", "a=ec b=rsa", "a=ec c=rsa2", "ec rsa2", 0, NULL},
        {"another file that is bad", "a=ec b=rsa", "c=expired a=ec2", "rsa ec2", 1, "c.pem: "},
        {"another file, of another type", "a=ec b=rsa", "a=ec c=pss", "ec pss", 0, NULL},
        {"other files in another order", "a=ec b=rsa", "c=rsa2 d=ec2", "rsa2 ec2", 0, NULL},
        {"the same, and one is gone", "a=ec b=rsa", "c=rsa2 d=-", "rsa2 ec", 1, "d.pem: no such file"},
        {"the same, and names are missing", "a=ec b=rsa", "c=narrow d=ec2", "rsa ec2", 1, "c.pem: expected the names"},
        {"one gets the type of the other", "a=ec b=rsa", "a=rsa2 b=rsa", "ec rsa", 1, "a.pem: the key type is RSA"},
        {"both get another type", "a=ec b=rsa", "a=pss b=p384", "pss p384", 0, NULL},
        {"the types are exchanged", "a=ec b=rsa", "a=rsa2 b=ec2", "rsa2 ec2", 0, NULL},
        {"what is kept has the type of a new one", "a=ec b=rsa c=pss", "a=pss b=ec2 c=pss", "ec rsa pss", 2,
         "b.pem: the key type is EC"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024];
        struct cg_snapshot *first = fixture_load_well(policy_of(rows[i].before, text));
        struct cg_snapshot *second = fixture_reload(policy_of(rows[i].after, text), first);
        fixture_expect_faults(rows[i].faults, rows[i].words);
        expect_served(rows[i].sentence, second, rows[i].served);
        struct cg_snapshot *third = fixture_reload(NULL, second); /* it stays so, and is reported each time */
        assert_ptr_equal(third, second);
        fixture_expect_faults(rows[i].faults, rows[i].words);
        cg_snapshot_free(third);
        cg_snapshot_free(second);
        cg_snapshot_free(first);
    }
}

/* One of two that was bad is loaded when its files are good, and the other one is not read again. */
static void a_corrected_one_is_loaded(void **state)
{
    (void)state;
    char text[1024];
    struct cg_snapshot *first = fixture_load_well(policy_of("a=ec b=rsa", text));
    struct cg_snapshot *second = fixture_reload(policy_of("a=ec b=expired", text), first);
    fixture_expect_faults(1, "b.pem");
    assert_ptr_equal(second, first);
    struct cg_snapshot *third = fixture_reload(policy_of("a=ec b=rsa2", text), second);
    fixture_expect_faults(0, NULL);
    expect_served("corrected", third, "ec rsa2");
    assert_ptr_equal(third->credentials[0].item[0], first->credentials[0].item[0]);
    cg_snapshot_free(third);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_start),
        cmocka_unit_test(at_reload),
        cmocka_unit_test(a_corrected_one_is_loaded),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
