/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Large files of CRLs: a file that cannot be one is refused before it is read, whatever its first bytes are; others
 * are read. */
#include "core/file/file.h"
#include "large_crl.h"
#include "lib/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB   ((off_t)1 << 20)
#define LIMIT ((size_t)3 << 30)

static int open_scratch(void **state)
{
    (void)state;
    cg_scratch_open("file-crls");
    return 0;
}

static int close_scratch(void **state)
{
    (void)state;
    cg_scratch_close();
    return 0;
}

#define PEM     "-----BEGIN X509 CRL-----\n", 25
#define DER_2G  "\x30\x84\x7f\xff\xff\xfa", 6
#define DER_2M  "\x30\x83\x1f\xff\xfb", 5
#define GARBAGE "no CRL", 6

/* Filled with bytes that a CRL may contain, except for the hole. */
static const struct {
    const char *sentence, *head;
    size_t head_len;
    off_t size, data_until, data_from; /* between them nothing is written, or zeros */
    bool zeros;
    const char *words; /* NULL: it is read */
} rows[] = {
    {"PEM with nothing behind its head", PEM, 2048 * MIB, 0, 2048 * MIB, false, "contain blocks of zeros"},
    {"DER with nothing behind its head", DER_2G, 2048 * MIB, 0, 2048 * MIB, false, "contain blocks of zeros"},
    {"no head", GARBAGE, 2048 * MIB, 0, 2048 * MIB, false, "do not begin like either"},
    {"DER of another length", DER_2M, 3 * MIB, 3 * MIB, 3 * MIB, false, "do not begin like either"},
    {"written in part", DER_2M, 2 * MIB, MIB, 2 * MIB, false, "contain blocks of zeros"},
    {"a hole between the places that are looked at", PEM, 64 * MIB, 33 * MIB + 524288, 34 * MIB - 65536, false,
     "contain blocks of zeros"},
    {"the end is missing", PEM, 2 * MIB, 2 * MIB - 4096, 2 * MIB, false, "contain blocks of zeros"},
    {"PEM", PEM, 3 * MIB + 17, 3 * MIB + 17, 3 * MIB + 17, false, NULL},
    {"DER", DER_2M, 2 * MIB, 2 * MIB, 2 * MIB, false, NULL},
    {"a small one is left to the parser", GARBAGE, MIB, 0, MIB, false, NULL},
    {"zeros are written", DER_2M, 2 * MIB, MIB, MIB + 524288, true, "contain blocks of zeros"},
    {"zeros are written to the end", PEM, 2 * MIB, 2 * MIB - 4096, 2 * MIB, true, "contain blocks of zeros"},
};

static void fill(int fd, char what, off_t from, off_t until)
{
    static char block[65536];
    memset(block, what, sizeof block);
    while (from < until) {
        size_t len = until - from < (off_t)sizeof block ? (size_t)(until - from) : sizeof block;
        assert_int_equal(pwrite(fd, block, len, from), len);
        from += (off_t)len;
    }
}

static void large_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_bytes bytes = {NULL, 0};
        struct cg_error err = {""};
        const char *path = cg_scratch_write("large.crl", "");
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(ftruncate(fd, rows[i].size), 0);
        fill(fd, 'A', 0, rows[i].data_until);
        fill(fd, 'A', rows[i].data_from, rows[i].size);
        if (rows[i].zeros)
            fill(fd, '\0', rows[i].data_until, rows[i].data_from);
        assert_int_equal(pwrite(fd, rows[i].head, rows[i].head_len, 0), rows[i].head_len);
        bool unseen = rows[i].size == 64 * MIB && lseek(fd, 0, SEEK_HOLE) == rows[i].size;
        close(fd);
        if (unseen)
            continue; /* this file system reports no holes */
        bool read = cg_file_read(path, CG_FILE_CRLS, LIMIT, &bytes, &err);
        if (read != !rows[i].words || (rows[i].words && !strstr(err.text, rows[i].words)))
            fail_msg("%s: %s", rows[i].sentence, read ? "it was read" : err.text);
        if (read && (bytes.len != (size_t)rows[i].size || memcmp(bytes.data, rows[i].head, rows[i].head_len) != 0))
            fail_msg("%s: not read whole", rows[i].sentence);
        cg_bytes_free(&bytes);
        unlink(path);
    }
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
    assert_true(used.ru_maxrss < 512 * 1024); /* KiB */
}

/* A CRL of a CA, in PEM and DER. */
static void real_ones_are_read(void **state)
{
    (void)state;
    struct ca ca = make_ca("large", NULL, NULL);
    size_t len = 0;
    unsigned char *der = large_crl_make(&ca, 60000, MAKER_NOW, 2, &len);
    assert_true(len > (size_t)MIB);
    for (int pem = 0; pem < 2; pem++) {
        struct cg_bytes bytes = {NULL, 0};
        struct cg_error err = {""};
        const char *path = cg_scratch_path("real.crl");
        large_crl_write(path, der, len, pem == 1);
        if (!cg_file_read(path, CG_FILE_CRLS, LIMIT, &bytes, &err))
            fail_msg("%s", err.text);
        assert_true(pem || (bytes.len == len && memcmp(bytes.data, der, len) == 0));
        cg_bytes_free(&bytes);
    }
    free(der);
    free_ca(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(large_files), cmocka_unit_test(real_ones_are_read)};
    return cmocka_run_group_tests(tests, open_scratch, close_scratch);
}
