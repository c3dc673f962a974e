/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The highest CRL numbers: which CRL is older, what the text must look like, and which file is read. */
#include "numbers_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534

static struct cg_pki *pki;

static int make_files(void **state)
{
    (void)state;
    pki = numbers_open("numbers");
    cg_pki_make(pki, "nine: crl issuer=root number=9\nusers: crl issuer=root idp=onlyuser:TRUE\nlater-delta: crl "
                     "issuer=root number=10 delta=8\n");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    fixture_close();
    return 0;
}

static enum cg_crl_age age_of(const struct cg_crl_numbers *numbers, const char *name, struct cg_error *err)
{
    struct cg_crl *crl = numbers_read_crl(name);
    enum cg_crl_age age = cg_crl_numbers_check(numbers, crl, err);
    cg_crl_free(crl);
    return age;
}

/* ---- the table */

static const struct {
    const char *sentence, *highest, *crl;
    enum cg_crl_age age;
    const char *words;
} judged[] = {
    {"a lower number", "seven", "six", CG_CRL_OLDER, "number 6 of 2027-01-12T08:00:00Z is older than number 7 of "},
    {"the fix of a lower number", "eight", "six", CG_CRL_OLDER, "`certguard crl --above 8`"},
    {"the same CRL", "seven", "seven", CG_CRL_NOT_OLDER, ""},
    {"a higher number", "seven", "eight", CG_CRL_NOT_OLDER, ""},
    {"the same number, made later", "seven", "seven-again", CG_CRL_NOT_OLDER, ""},
    {"the same number, made earlier", "seven-again", "seven", CG_CRL_OLDER, "number 7 of "},
    {"no number, made later than one with a number", "six", "none", CG_CRL_NOT_OLDER, ""},
    {"no number, made earlier than one with a number", "eight", "none", CG_CRL_OLDER, "the CRL of 2027"},
    {"another issuer", "eight", "other4", CG_CRL_NOT_OLDER, ""},
    {"a delta has its own numbers", "delta", "eight", CG_CRL_NOT_OLDER, ""},
    {"a number of 20 octets", "other-longest", "other5", CG_CRL_OLDER,
     "--above 7fffffffffffffffffffffffffffffffffffffff"},
};

static void detects_older_crls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof judged / sizeof *judged; i++) {
        struct cg_crl_numbers *numbers = cg_crl_numbers_new();
        struct cg_error err = {""};
        numbers_raise(numbers, judged[i].highest);
        enum cg_crl_age age = age_of(numbers, judged[i].crl, &err);
        if (age != judged[i].age || !strstr(err.text, judged[i].words) || !err.text[0] != !judged[i].words[0])
            fail_msg("%s: %d, %s", judged[i].sentence, (int)age, err.text);
        cg_crl_numbers_free(numbers);
    }
}

static const struct {
    const char *sentence, *highest, *crl;
    enum cg_crl_age age;
    const char *words;
} judged_bases[] = {
    {"a delta with a higher number was in use", "delta", "eight", CG_CRL_OLDER,
     "number 8 of 2027-01-14T08:00:00Z lacks the delta CRL that was in use with it: number 9 of "},
    {"a base without number, made before the delta", "delta", "none", CG_CRL_OLDER, "the CRL of 2027-01-13"},
    {"a base that says what the delta said", "delta", "nine", CG_CRL_NOT_OLDER, ""},
    {"no delta was in use", "seven", "six", CG_CRL_NOT_OLDER, ""},
    {"a delta of another CA", "delta", "other4", CG_CRL_NOT_OLDER, ""},
    {"a delta is no base", "later-delta", "delta", CG_CRL_NOT_OLDER, ""},
};

static void compares_bases_with_their_deltas(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof judged_bases / sizeof *judged_bases; i++) {
        struct cg_crl_numbers *numbers = cg_crl_numbers_new();
        struct cg_error err = {""};
        numbers_raise(numbers, judged_bases[i].highest);
        struct cg_crl *crl = numbers_read_crl(judged_bases[i].crl);
        enum cg_crl_age age = cg_crl_numbers_check_base(numbers, crl, &err);
        if (age != judged_bases[i].age || !strstr(err.text, judged_bases[i].words) ||
            !err.text[0] != !judged_bases[i].words[0])
            fail_msg("%s: %d, %s", judged_bases[i].sentence, (int)age, err.text);
        assert_int_equal(cg_crl_numbers_check_base(NULL, crl, NULL), CG_CRL_NOT_OLDER);
        cg_crl_free(crl);
        cg_crl_numbers_free(numbers);
    }
}

/* By key alone: whichever of its CRLs it was. */
static void knows_whose_crls_were_in_use(void **state)
{
    (void)state;
    static const struct {
        const char *crl, *words;
    } rows[] = {
        {"seven", "CRL of CN=root: number 7 of 2027-01-13T08:00:00Z was in use"},
        {"none", "CRL of CN=root: the CRL of 2027-01-13T08:00:00Z was in use"},
        {"delta", "CRL of CN=root: number 9 of 2027-01-14T08:00:00Z was in use"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_crl_numbers *numbers = cg_crl_numbers_new();
        struct cg_error err = {""};
        numbers_raise(numbers, rows[i].crl);
        assert_true(cg_crl_numbers_has_issuer(numbers, cg_pki_cert(pki, "root"), &err));
        if (!strstr(err.text, rows[i].words))
            fail_msg("%s: %s", rows[i].crl, err.text);
        assert_false(cg_crl_numbers_has_issuer(numbers, cg_pki_cert(pki, "other"), NULL));
        assert_false(cg_crl_numbers_has_issuer(NULL, cg_pki_cert(pki, "root"), NULL));
        cg_crl_numbers_free(numbers);
    }
}

static void the_higher_one_stays_whatever_the_order(void **state)
{
    (void)state;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new(), *others = cg_crl_numbers_new();
    numbers_raise(numbers, "eight");
    numbers_raise(numbers, "six");
    numbers_raise(numbers, "other4");
    numbers_raise(others, "seven");
    numbers_raise(others, "other5");
    assert_true(cg_crl_numbers_merge(numbers, others));
    assert_int_equal(cg_crl_numbers_count(numbers), 2);
    assert_int_equal(age_of(numbers, "seven-again", NULL), CG_CRL_OLDER);
    assert_int_equal(age_of(numbers, "eight", NULL), CG_CRL_NOT_OLDER);
    assert_int_equal(age_of(numbers, "other4", NULL), CG_CRL_OLDER);
    cg_crl_numbers_free(others);
    cg_crl_numbers_free(numbers);
}

/* ---- the text */

static void text_gives_the_same_table(void **state)
{
    (void)state;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new(), *again = cg_crl_numbers_new();
    struct cg_error err = {""};
    size_t len = 0, len_again = 0;
    static const char *const names[] = {"seven", "delta", "none", "other-longest"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        numbers_raise(numbers, names[i]);
    char *text = cg_crl_numbers_text(numbers, &len);
    assert_int_equal(len, strlen(text));
    assert_non_null(strstr(text, " 7 1799827200 2027-01-13T08:00:00Z CN=root\n"));
    assert_non_null(strstr(text, "\nend 3\n")); /* "none" was made at the same time as "seven", of the same scope */
    if (!cg_crl_numbers_parse(again, "file", text, len, &err))
        fail_msg("%s", err.text);
    char *text_again = cg_crl_numbers_text(again, &len_again);
    assert_string_equal(text, text_again);
    free(text_again);
    free(text);
    cg_crl_numbers_free(again);
    cg_crl_numbers_free(numbers);
}

/* A file of an earlier version identifies the same CRLs. Otherwise, older ones would be accepted after an upgrade. */
static void lines_are_those_of_earlier_versions(void **state)
{
    (void)state;
    static const struct {
        const char *crl, *line; /* after the key: SHA-256 of the name's hash, whether it is a delta, and its scope */
    } rows[] = {
        {"seven", "d65ba526d1dddd7321abfad7b79a293580e09488feb1895213e6a10b5cf23109 7 1799827200 2027-01-13T08:00:00Z "
                  "CN=root\n"},
        {"none", "d65ba526d1dddd7321abfad7b79a293580e09488feb1895213e6a10b5cf23109 - 1799827200 2027-01-13T08:00:00Z "
                 "CN=root\n"},
        {"delta", "3408bdea5da1f785d031ba77eb9aee6aa3f9928b9caba102df999dfd7dbb4853 9 1799913600 2027-01-14T08:00:00Z "
                  "CN=root\n"},
        {"users", "e53b6715298f0b8cf94a3ae687f011cd5ed26fe2c50999a6973055a0da6fc5ed 1 1799913600 2027-01-14T08:00:00Z "
                  "CN=root\n"},
    };
    unsigned char digest[32], *key = NULL;
    int key_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cg_pki_cert(pki, "root")), &key);
    assert_int_equal(EVP_Digest(key, (size_t)key_len, digest, NULL, EVP_sha256(), NULL), 1);
    OPENSSL_free(key);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_crl_numbers *numbers = cg_crl_numbers_new();
        char line[300];
        size_t len = 0;
        numbers_raise(numbers, rows[i].crl);
        for (int k = 0; k < 32; k++)
            snprintf(line + (size_t)2 * k, 3, "%02x", digest[k]);
        snprintf(line + 64, sizeof line - 64, " %s", rows[i].line);
        char *text = cg_crl_numbers_text(numbers, &len);
        if (!strstr(text, line))
            fail_msg("%s: expected %s in: %s", rows[i].crl, line, text);
        free(text);
        cg_crl_numbers_free(numbers);
    }
}

#define HEAD     "certguard crl-numbers 1\n"
#define KEY      "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ROW      KEY " " KEY " 1f 1799827200 2027-01-13T08:00:00Z CN=root\n"
#define OTHER    "e" KEY_TAIL " " KEY " 1f 1799827200 2027-01-13T08:00:00Z CN=root\n"
#define KEY_TAIL "0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct {
    const char *sentence, *text, *words;
} texts[] = {
    {"one line", HEAD ROW "end 1\n", NULL},
    {"no lines", HEAD "end 0\n", NULL},
    {"remarks", HEAD "# a\n" ROW "# b\nend 1\n", NULL},
    {"no number", HEAD KEY " " KEY " - 1799827200 2027-01-13T08:00:00Z CN=root\nend 1\n", NULL},
    {"an issuer with blanks", HEAD KEY " " KEY " 1 1 x CN=a b,O=c d\nend 1\n", NULL},
    {"no issuer", HEAD KEY " " KEY " 1 1 x \nend 1\n", NULL},
    {"nothing at all", "", "file:1: expected a whole line. The file is incomplete"},
    {"something else", "{\"a\": 1}\n", "file:1: expected \"certguard crl-numbers 1\""},
    {"a later version", "certguard crl-numbers 2\nend 0\n", "file:1: expected \"certguard crl-numbers 1\""},
    {"cut short after a line", HEAD ROW, "file:3: expected a whole line. The file is incomplete"},
    {"cut short inside a line", HEAD KEY " " KEY " 1f 17998", "file:2: expected a whole line"},
    {"cut short inside the end", HEAD ROW "end 1", "file:3: expected a whole line"},
    {"a line that is missing", HEAD ROW "end 2\n", "file:3: expected the number of the lines before it"},
    {"a line too many", HEAD ROW OTHER "end 1\n", "file:4: expected the number of the lines"},
    {"two lines", HEAD ROW OTHER "end 2\n", NULL},
    {"lines in another order", HEAD OTHER ROW "end 2\n", "file:3: expected lines sorted by key and scope"},
    {"a line twice", HEAD ROW ROW "end 2\n", "file:3: expected lines sorted by key and scope"},
    {"more after the end of some", HEAD ROW "end 1\n" OTHER, "file:3: expected nothing after the line \"end\""},
    {"more after the end", HEAD "end 0\n" ROW, "file:2: expected nothing after the line \"end\""},
    {"an empty line", HEAD "\nend 0\n", "file:2: expected 64 hex digits of the key first"},
    {"a short key", HEAD "0011 " KEY " 1 1 x y\nend 1\n", "file:2: expected 64 hex digits of the key first"},
    {"a key in capitals",
     HEAD "AA112233445566778899aabbccddeeff00112233445566778899aabbccddeeff " KEY " 1 1 x y\nend 1\n",
     "file:2: expected 64 hex digits of the key first"},
    {"no scope", HEAD KEY " 1f 1799827200 x y\nend 1\n", "file:2: expected 64 hex digits of the scope"},
    {"a number that is none", HEAD KEY " " KEY " 1g 1 x y\nend 1\n",
     "file:2: expected a number of at most 40 hex digits"},
    {"zeros in front", HEAD KEY " " KEY " 01 1 x y\nend 1\n", "file:2: expected a number of at most 40 hex digits"},
    {"41 digits", HEAD KEY " " KEY " 11111111111111111111111111111111111111111 1 x y\nend 1\n",
     "file:2: expected a number of at most 40 hex digits"},
    {"a time that is none", HEAD KEY " " KEY " 1 1x x y\nend 1\n", "file:2: expected a time in seconds"},
    {"a time of many digits", HEAD KEY " " KEY " 1 1111111111111111 x y\nend 1\n",
     "file:2: expected a time in seconds"},
    {"a time with a plus", HEAD KEY " " KEY " 1 +1 x y\nend 1\n", "file:2: expected a time in seconds"},
    {"a time before 1970", HEAD KEY " " KEY " 1 -1 x y\nend 1\n", NULL},
    {"an issuer of 255 bytes", HEAD KEY " " KEY " 1 1 x " KEY KEY KEY KEY_TAIL "\nend 1\n", NULL},
    {"an issuer of 256 bytes", HEAD KEY " " KEY " 1 1 x " KEY KEY KEY KEY "\nend 1\n",
     "file:2: expected at most 255 bytes of the issuer's name"},
    {"a delete character", HEAD KEY " " KEY " 1 1 x CN=\x7f\nend 1\n", "file:2: expected no control characters"},
    {"control characters", HEAD KEY " " KEY " 1 1 x CN=\x1b[2J\nend 1\n", "file:2: expected no control characters"},
};

static void reads_the_text_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cg_crl_numbers *numbers = cg_crl_numbers_new();
        struct cg_error err = {""};
        bool ok = cg_crl_numbers_parse(numbers, "file", texts[i].text, strlen(texts[i].text), &err);
        if (ok != !texts[i].words || (!ok && !strstr(err.text, texts[i].words)))
            fail_msg("%s: %s", texts[i].sentence, ok ? "was read" : err.text);
        cg_crl_numbers_free(numbers);
    }
}

/* As many as a file may have: the first line is the oldest, and later than all of the fixture. */
static struct cg_crl_numbers *full_table(void)
{
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    struct cg_error err = {""};
    size_t size = 4 << 20, len = (size_t)0;
    char *text = malloc(size);
    assert_non_null(text);
    len += (size_t)snprintf(text, size, HEAD);
    for (int i = 0; i < CG_CRL_NUMBERS_LINES; i++)
        len += (size_t)snprintf(text + len, size - len, "%064x " KEY " 1 %d x y\n", i, 1900000000 + i);
    len += (size_t)snprintf(text + len, size - len, "end %d\n", CG_CRL_NUMBERS_LINES);
    if (!cg_crl_numbers_parse(numbers, "file", text, len, &err))
        fail_msg("%s", err.text);
    free(text);
    return numbers;
}

static void the_oldest_that_are_not_in_use_go(void **state)
{
    (void)state;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new(), *file = full_table();
    size_t len = 0;
    char *text = NULL;
    numbers_raise(numbers, "seven");
    assert_true(cg_crl_numbers_merge(numbers, file));
    struct cg_crl_numbers *copy = cg_crl_numbers_new(); /* what is in use is so in a copy too */
    assert_true(cg_crl_numbers_merge(copy, numbers));
    cg_crl_numbers_free(numbers);
    numbers = copy;
    cg_crl_numbers_trim(numbers);
    assert_int_equal(cg_crl_numbers_count(numbers), CG_CRL_NUMBERS_LINES);
    assert_int_equal(age_of(numbers, "six", NULL), CG_CRL_OLDER);
    text = cg_crl_numbers_text(numbers, &len);
    assert_null(strstr(text, " 1 1900000000 ")); /* this one went */
    assert_non_null(strstr(text, " 1 1900000001 "));
    assert_non_null(strstr(text, " CN=root\n"));
    free(text);
    cg_crl_numbers_free(file);
    cg_crl_numbers_free(numbers);
}

/* Another broker's higher number takes its place, and it is in use all the same. */
static void what_is_in_use_goes_last(void **state)
{
    (void)state;
    for (int ours_first = 0; ours_first < 2; ours_first++) {
        struct cg_crl_numbers *numbers = full_table(), *theirs = cg_crl_numbers_new();
        numbers_raise(theirs, "eight");
        cg_crl_numbers_clear_in_use(theirs);
        if (ours_first)
            numbers_raise(numbers, "seven");
        assert_true(cg_crl_numbers_merge(numbers, theirs));
        if (!ours_first)
            numbers_raise(numbers, "seven");
        cg_crl_numbers_trim(numbers);
        assert_int_equal(cg_crl_numbers_count(numbers), CG_CRL_NUMBERS_LINES);
        assert_int_equal(age_of(numbers, "seven", NULL), CG_CRL_OLDER);
        cg_crl_numbers_free(theirs);
        cg_crl_numbers_free(numbers);
    }
}

/* ---- the file */

static void read_fails_with(const char *words)
{
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    struct cg_error err = {""};
    bool ok = cg_crl_numbers_read(numbers, cg_scratch_path("state"), NULL, &err);
    if (ok || !strstr(err.text, words))
        fail_msg("expected '%s', found '%s'", words, ok ? "no fault" : err.text);
    cg_crl_numbers_free(numbers);
}

static void what_others_may_write_is_not_read(void **state)
{
    (void)state;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    struct cg_error err = {""};
    bool found = true;
    assert_true(cg_crl_numbers_read(numbers, cg_scratch_path("nowhere"), &found, &err));
    assert_false(found);
    assert_true(cg_crl_numbers_read(numbers, cg_scratch_path("state"), &found, &err));
    assert_false(found);
    numbers_save(numbers, "state/crl-numbers");
    assert_true(cg_crl_numbers_read(numbers, cg_scratch_path("state"), &found, &err));
    assert_true(found);
    assert_int_equal(chmod(cg_scratch_path("state"), 0777), 0);
    read_fails_with("/state: expected write access for its owner only, found mode 0777; fix: chmod go-w ");
    assert_int_equal(chmod(cg_scratch_path("state"), 0700), 0);
    assert_int_equal(chmod(cg_scratch_path("state/crl-numbers"), 0664), 0);
    read_fails_with("/state/crl-numbers: expected write access for its owner only");
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(cg_scratch_path("state"), NOBODY, (gid_t)-1), 0);
        read_fails_with("(or root) as its owner, found user 65534; fix: chown ");
        assert_int_equal(chown(cg_scratch_path("state"), 0, (gid_t)-1), 0);
    }
    assert_int_equal(mkdir(cg_scratch_path("state/crl-numbers"), 0700), 0);
    read_fails_with("expected a regular file, found a folder");
    assert_int_equal(rmdir(cg_scratch_path("state/crl-numbers")), 0);
    assert_int_equal(symlink("/nowhere", cg_scratch_path("state/crl-numbers")), 0);
    read_fails_with("found a symbolic link to a missing file");
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
    assert_int_equal(rmdir(cg_scratch_path("state")), 0);
    cg_scratch_write("state", "");
    read_fails_with("/state: expected a folder, found a file");
    assert_int_equal(unlink(cg_scratch_path("state")), 0);
    assert_int_equal(mkdir(cg_scratch_path("state"), 0700), 0);
    cg_crl_numbers_free(numbers);
}

static void a_file_too_big_is_not_read(void **state)
{
    (void)state;
    cg_scratch_write("state/crl-numbers", HEAD);
    assert_int_equal(truncate(cg_scratch_path("state/crl-numbers"), (off_t)2 << 30), 0);
    read_fails_with("expected at most 8388608 bytes, found 2147483648");
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
}

static void a_damaged_file_is_fixed_by_the_one_before(void **state)
{
    (void)state;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    char command[1200];
    cg_scratch_write("state/crl-numbers", HEAD ROW);
    read_fails_with("Restore the file from a backup");
    numbers_raise(numbers, "seven");
    numbers_save(numbers, "state/crl-numbers.old");
    snprintf(command, sizeof command, "; fix: cp -p %s %s", cg_scratch_path("state/crl-numbers.old"),
             cg_scratch_path("state/crl-numbers"));
    read_fails_with(command);
    assert_int_equal(system(strstr(command, "cp ")), 0); /* NOLINT(cert-env33-c) */
    struct cg_error err = {""};
    assert_true(cg_crl_numbers_read(numbers, cg_scratch_path("state"), NULL, &err));
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers")), 0);
    assert_int_equal(unlink(cg_scratch_path("state/crl-numbers.old")), 0);
    cg_crl_numbers_free(numbers);
}

/* A folder, a pipe or an oversized file is moved away before the previous file is restored. */
static void what_is_no_file_of_ours_is_moved_away(void **state)
{
    (void)state;
    enum { FOLDER, PIPE, NOWHERE, LOOP, BIG, KINDS };
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    numbers_raise(numbers, "seven");
    for (int kind = 0; kind < KINDS; kind++) {
        const char *path = cg_scratch_path("state/crl-numbers");
        struct cg_error err = {""};
        char command[1300];
        snprintf(command, sizeof command, "%s", path);
        if (kind == FOLDER)
            assert_int_equal(mkdir(command, 0700), 0);
        else if (kind == PIPE)
            assert_int_equal(mkfifo(command, 0600), 0);
        else if (kind == NOWHERE || kind == LOOP)
            assert_int_equal(symlink(kind == LOOP ? "crl-numbers" : "nowhere", command), 0);
        else
            assert_int_equal(truncate(cg_scratch_write("state/crl-numbers", HEAD), (off_t)2 << 30), 0);
        read_fails_with("Restore the file from a backup");
        numbers_save(numbers, "state/crl-numbers.old");
        assert_false(cg_crl_numbers_read(numbers, cg_scratch_path("state"), NULL, &err));
        const char *fix = strstr(err.text, "; fix: ");
        assert_non_null(fix);
        assert_true((strstr(fix, "mv ") != NULL) == (kind != BIG));
        assert_int_equal(system(fix + strlen("; fix: ")), 0); /* NOLINT(cert-env33-c) */
        if (!cg_crl_numbers_read(numbers, cg_scratch_path("state"), NULL, &err))
            fail_msg("kind %d: %s", kind, err.text);
        cg_scratch_remove("state/crl-numbers");
        cg_scratch_remove("state/crl-numbers.old");
        cg_scratch_remove("state/crl-numbers.away");
    }
    cg_crl_numbers_free(numbers);
}

/* The shell takes it for one word. */
static void a_folder_with_blanks_is_fixed_too(void **state)
{
    (void)state;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    struct cg_error err = {""};
    const char *folder = cg_scratch_path("it's the state");
    assert_int_equal(mkdir(folder, 0700), 0);
    numbers_raise(numbers, "seven");
    numbers_save(numbers, "it's the state/crl-numbers.old");
    cg_scratch_write("it's the state/crl-numbers", HEAD);
    assert_false(cg_crl_numbers_read(numbers, folder, NULL, &err));
    const char *fix = strstr(err.text, "; fix: ");
    assert_non_null(fix);
    assert_int_equal(system(fix + strlen("; fix: ")), 0); /* NOLINT(cert-env33-c) */
    if (!cg_crl_numbers_read(numbers, folder, NULL, &err))
        fail_msg("%s", err.text);
    cg_crl_numbers_free(numbers);
}

static int read_as_nobody(void)
{
    struct cg_error err = {""};
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    bool ok = cg_crl_numbers_read(numbers, cg_scratch_path("state"), NULL, &err);
    cg_crl_numbers_free(numbers);
    return !ok && strstr(err.text, "may not enter the folder") ? 0 : 1;
}

/* A folder that cannot be looked into is not an empty one. */
static void what_may_not_be_read_is_not_missing(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    pid_t child = fork();
    if (child == 0)
        _exit(setegid(NOBODY) == 0 && seteuid(NOBODY) == 0 ? read_as_nobody() : 9);
    int status = -1;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detects_older_crls),
        cmocka_unit_test(compares_bases_with_their_deltas),
        cmocka_unit_test(knows_whose_crls_were_in_use),
        cmocka_unit_test(the_higher_one_stays_whatever_the_order),
        cmocka_unit_test(text_gives_the_same_table),
        cmocka_unit_test(lines_are_those_of_earlier_versions),
        cmocka_unit_test(reads_the_text_strictly),
        cmocka_unit_test(the_oldest_that_are_not_in_use_go),
        cmocka_unit_test(what_is_in_use_goes_last),
        cmocka_unit_test(what_others_may_write_is_not_read),
        cmocka_unit_test(a_file_too_big_is_not_read),
        cmocka_unit_test(a_damaged_file_is_fixed_by_the_one_before),
        cmocka_unit_test(what_is_no_file_of_ours_is_moved_away),
        cmocka_unit_test(a_folder_with_blanks_is_fixed_too),
        cmocka_unit_test(what_may_not_be_read_is_not_missing),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
