/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_numbers_format.h"

#include "core/cert/name.h"
#include "core/file/file.h"
#include "core/file/file_access.h"
#include "loaded_crl.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- text */

static const char head_line[] = "certguard crl-numbers 1";
static const char help_line[] = "# The highest CRL number in use so far: key, scope, number in hex, thisUpdate in "
                                "seconds, thisUpdate as a date, issuer";

#define LINE_MAX_LEN 640 /* longest line that we write */

static size_t hex_text(const unsigned char *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return 2 * len;
}

static size_t row_text(const struct cg_numbers_row *row, char out[LINE_MAX_LEN])
{
    char number[2 * CG_SERIAL_MAX + 1], time[32];
    size_t len = hex_text(row->id, CG_NUMBERS_DIGEST, out);
    out[len++] = ' ';
    len += hex_text(row->id + CG_NUMBERS_DIGEST, CG_NUMBERS_DIGEST, out + len);
    cg_crl_number_hex(row->has_number ? row->number : NULL, number, sizeof number);
    cg_time_text(row->this_update, time, sizeof time);
    int rest = snprintf(out + len, LINE_MAX_LEN - len, " %s %lld %s %s\n", number[0] ? number : "-",
                        (long long)row->this_update, time, row->issuer);
    return len + (size_t)rest;
}

char *cg_crl_numbers_text(const struct cg_crl_numbers *numbers, size_t *len)
{
    size_t count = cg_crl_numbers_count(numbers),
           size = sizeof head_line + sizeof help_line + 40 + count * LINE_MAX_LEN;
    char *text = malloc(size);
    if (!text)
        return NULL;
    *len = (size_t)snprintf(text, size, "%s\n%s\n", head_line, help_line);
    for (size_t i = 0; i < count; i++)
        *len += row_text(&numbers->row[i], text + *len);
    *len += (size_t)snprintf(text + *len, size - *len, "end %zu\n", count);
    return text;
}

static int nibble(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Consumes one field and the space after it. */
static bool take_field(const char **at, const char *end, const char **field, size_t *len)
{
    const char *space = memchr(*at, ' ', (size_t)(end - *at));
    *field = *at;
    *len = space ? (size_t)(space - *at) : 0;
    *at = space ? space + 1 : end;
    return *len > 0;
}

static bool read_hex(const char *field, size_t digits, unsigned char *out, size_t size)
{
    memset(out, 0, size);
    if (digits > 2 * size)
        return false;
    for (size_t i = 0; i < digits; i++) {
        int value = nibble(field[i]);
        size_t right = digits - 1 - i; /* digits to its right */
        if (value < 0)
            return false;
        out[size - 1 - right / 2] |= (unsigned char)(value << (4 * (right % 2)));
    }
    return true;
}

/* No leading zeros, so that each number has only one text. */
static bool read_number(const char *field, size_t len, struct cg_numbers_row *row)
{
    row->has_number = !(len == 1 && field[0] == '-');
    return !row->has_number || ((len == 1 || field[0] != '0') && read_hex(field, len, row->number, sizeof row->number));
}

static bool read_time(const char *field, size_t len, int64_t *out)
{
    char text[16], *end = NULL;
    if (len >= sizeof text)
        return false;
    memcpy(text, field, len);
    text[len] = '\0';
    *out = strtoll(text, &end, 10);
    return (text[0] == '-' || nibble(text[0]) >= 0) && *end == '\0';
}

/* What the line should contain, or NULL if it is valid. */
static const char *read_row(const char *at, const char *end, struct cg_numbers_row *row)
{
    const char *field;
    size_t len;
    if (!take_field(&at, end, &field, &len) || len != 2 * CG_NUMBERS_DIGEST ||
        !read_hex(field, len, row->id, CG_NUMBERS_DIGEST))
        return "64 hex digits of the key first";
    if (!take_field(&at, end, &field, &len) || len != 2 * CG_NUMBERS_DIGEST ||
        !read_hex(field, len, row->id + CG_NUMBERS_DIGEST, CG_NUMBERS_DIGEST))
        return "64 hex digits of the scope after the key";
    if (!take_field(&at, end, &field, &len) || !read_number(field, len, row))
        return "a number of at most 40 hex digits, or -, after the scope";
    if (!take_field(&at, end, &field, &len) || !read_time(field, len, &row->this_update))
        return "a time in seconds after the number";
    take_field(&at, end, &field, &len); /* thisUpdate as a date */
    len = (size_t)(end - at);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)at[i] < 0x20 || at[i] == 0x7f)
            return "no control characters in the issuer's name";
    if (len >= sizeof row->issuer)
        return "at most 255 bytes of the issuer's name";
    memcpy(row->issuer, at, len);
    return NULL;
}

static bool is_line(const char *at, const char *end, const char *text)
{
    return (size_t)(end - at) == strlen(text) && memcmp(at, text, (size_t)(end - at)) == 0;
}

/* The last line contains the number of lines, so an incomplete file is noticed. */
static const char *read_end(const char *at, const char *end, size_t count, bool is_last)
{
    char text[40];
    snprintf(text, sizeof text, "end %zu", count);
    if (!is_line(at, end, text))
        return "the number of the lines before it";
    return is_last ? NULL : "nothing after the line \"end\"";
}

bool cg_crl_numbers_parse(struct cg_crl_numbers *numbers, const char *place, const void *data, size_t len,
                          struct cg_error *err)
{
    const char *at = data, *last = at + len, *wrong = NULL;
    size_t line = 1, count = 0;
    unsigned char before[2 * CG_NUMBERS_DIGEST] = {0};
    for (bool ended = false; !ended && !wrong; line++) {
        const char *end = at < last ? memchr(at, '\n', (size_t)(last - at)) : NULL;
        struct cg_numbers_row row = {.in_use = false};
        if (!end) {
            wrong = "a whole line. The file is incomplete";
        } else if (line == 1) {
            wrong = is_line(at, end, head_line)
                        ? NULL
                        : "\"certguard crl-numbers 1\". Check that the file is crl-numbers of this version";
        } else if (end - at > 3 && memcmp(at, "end", 3) == 0) { /* no key begins with "end": n is not a hex digit */
            wrong = read_end(at, end, count, end + 1 == last);
            ended = true;
        } else if (*at != '#') {
            wrong = ++count > CG_CRL_NUMBERS_LINES ? "fewer lines" : read_row(at, end, &row);
            if (!wrong && count > 1 && memcmp(before, row.id, sizeof before) >= 0)
                wrong = "lines sorted by key and scope";
            memcpy(before, row.id, sizeof before);
            if (!wrong && !cg_numbers_put(numbers, &row)) {
                cg_error_set(err, "%s: out of memory", place);
                return false;
            }
        }
        at = end ? end + 1 : last;
    }
    if (wrong)
        cg_error_set(err, "%s:%zu: expected %s", place, line - 1, wrong);
    return !wrong;
}

/* ---- the file */

enum state { READ = 0, DAMAGED, UNREADABLE };

/* Anything but a regular file, and a file longer than ours can be, is damaged too. A link to a missing file counts as
 * damaged as well: if a fix removed it, the numbers would be lost and older CRLs accepted. */
static enum state read_file(struct cg_crl_numbers *numbers, const char *path, struct cg_error *err)
{
    struct cg_bytes bytes;
    struct stat st;
    bool there = stat(path, &st) == 0, nowhere = !there && (errno == ENOENT || errno == ELOOP);
    if (nowhere) {
        cg_error_set(err, "%s: expected a file, found a symbolic link to a missing file", path);
        return DAMAGED;
    }
    if (!cg_file_read(path, CG_FILE_STATE, CG_CRL_NUMBERS_BYTES, &bytes, err)) {
        bool ours = !there || (S_ISREG(st.st_mode) && st.st_size <= (off_t)CG_CRL_NUMBERS_BYTES);
        return ours ? UNREADABLE : DAMAGED;
    }
    bool ok = cg_crl_numbers_parse(numbers, path, bytes.data, bytes.len, err);
    cg_bytes_free(&bytes);
    return ok ? READ : DAMAGED;
}

/* The fix must restore the numbers: without the file, older CRLs would be accepted. */
static void add_fix(const char *folder, const char *path, struct cg_error *err)
{
    char old[PATH_MAX], from[sizeof err->text], to[sizeof err->text];
    struct cg_error what = *err;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    snprintf(old, sizeof old, "%s/" CG_CRL_NUMBERS_OLD, folder);
    bool fits = cg_file_shell_word(old, from, sizeof from) && cg_file_shell_word(path, to, sizeof to) &&
                strlen(what.text) + strlen(from) + 3 * strlen(to) + 40 < sizeof err->text;
    if (!numbers || read_file(numbers, old, NULL) != READ)
        cg_error_set(err, "%s. Restore the file from a backup. Without a backup, see plugin.md", what.text);
    else if (!fits) /* an incomplete command does harm */
        cg_error_set(err, "%.600s. Replace it with the file " CG_CRL_NUMBERS_OLD " in the same folder", what.text);
    else if (cg_file_is_regular(path))
        cg_error_set(err, "%s; fix: cp -p %s %s", what.text, from, to);
    else
        cg_error_set(err, "%s; fix: mv %s %s.away && cp -p %s %s", what.text, to, to, from, to);
    cg_crl_numbers_free(numbers);
}

bool cg_crl_numbers_read(struct cg_crl_numbers *numbers, const char *folder, bool *found, struct cg_error *err)
{
    char path[PATH_MAX];
    bool there = !cg_file_is_missing(folder);
    if (found)
        *found = false;
    if (snprintf(path, sizeof path, "%s/" CG_CRL_NUMBERS_FILE, folder) >= (int)sizeof path) {
        cg_error_set(err, "%.100s...: the path is too long", folder);
        return false;
    }
    if (there && !cg_folder_is_safe(folder, err))
        return false;
    if (!there || cg_file_is_missing(path))
        return true;
    if (found)
        *found = true;
    struct cg_error wrong = {""};
    enum state state = read_file(numbers, path, &wrong);
    if (state == DAMAGED)
        add_fix(folder, path, &wrong);
    if (state != READ && err)
        *err = wrong;
    return state == READ;
}
