/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_numbers.h"

#include "file.h"
#include "name.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST 32

/* One scope: the key that signs, then the issuer's name and the scope. */
struct row {
    unsigned char id[2 * DIGEST];
    bool has_number, in_use;
    unsigned char number[CG_SERIAL_MAX];
    int64_t this_update;
    char issuer[256]; /* for people */
};

struct cg_crl_numbers {
    struct row *row; /* sorted by id */
    size_t count, room;
};

struct cg_crl_numbers *cg_crl_numbers_new(void)
{
    return calloc(1, sizeof(struct cg_crl_numbers));
}

void cg_crl_numbers_free(struct cg_crl_numbers *numbers)
{
    if (numbers)
        free(numbers->row);
    free(numbers);
}

size_t cg_crl_numbers_count(const struct cg_crl_numbers *numbers)
{
    return numbers ? numbers->count : 0;
}

/* ---- the table */

/* Where it is, or belongs. */
static size_t place_of(const struct cg_crl_numbers *numbers, const unsigned char *id)
{
    size_t low = 0, high = numbers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(numbers->row[middle].id, id, sizeof numbers->row->id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct row *find(const struct cg_crl_numbers *numbers, const unsigned char *id)
{
    size_t at = place_of(numbers, id);
    bool found = at < numbers->count && memcmp(numbers->row[at].id, id, sizeof numbers->row->id) == 0;
    return found ? &numbers->row[at] : NULL;
}

static int order(const struct row *a, const struct row *b)
{
    return cg_crl_order_of(a->has_number ? a->number : NULL, a->this_update, b->has_number ? b->number : NULL,
                           b->this_update);
}

static bool put(struct cg_crl_numbers *numbers, const struct row *row)
{
    struct row *held = find(numbers, row->id);
    if (held) {
        bool in_use = held->in_use || row->in_use;
        if (order(held, row) < 0)
            *held = *row;
        held->in_use = in_use;
        return true;
    }
    if (numbers->count == numbers->room) {
        size_t room = numbers->room ? 2 * numbers->room : 16;
        struct row *grown = realloc(numbers->row, room * sizeof *grown);
        if (!grown)
            return false;
        numbers->row = grown;
        numbers->room = room;
    }
    size_t at = place_of(numbers, row->id);
    memmove(&numbers->row[at + 1], &numbers->row[at], (numbers->count - at) * sizeof *row);
    numbers->row[at] = *row;
    numbers->count++;
    return true;
}

static bool key_id(const X509 *cert, unsigned char id[DIGEST])
{
    unsigned char *key = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &key);
    bool ok = len > 0 && EVP_Digest(key, (size_t)len, id, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(key);
    return ok;
}

/* Names that compare equal have the same hash; that two names of one key share it is the CA's own affair. */
static bool identify(const struct cg_crl *crl, bool is_delta, unsigned char id[2 * DIGEST])
{
    unsigned char head[8] = {0};
    int known = 0;
    unsigned long name = X509_NAME_hash_ex(crl->issuer, NULL, NULL, &known);
    bool ok = known && key_id(crl->signer.cert, id);
    for (int i = 0; i < 4; i++)
        head[i] = (unsigned char)(name >> (8 * i));
    head[4] = is_delta;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    ok = ok && digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
         EVP_DigestUpdate(digest, head, sizeof head) == 1 &&
         (crl->scope_len == 0 || EVP_DigestUpdate(digest, crl->scope_der, crl->scope_len) == 1) &&
         EVP_DigestFinal_ex(digest, id + DIGEST, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return ok;
}

bool cg_crl_numbers_raise(struct cg_crl_numbers *numbers, const struct cg_crl *crl)
{
    struct row row = {.has_number = crl->has_number, .in_use = true, .this_update = crl->this_update};
    memcpy(row.number, crl->number, sizeof row.number);
    snprintf(row.issuer, sizeof row.issuer, "%s", crl->issuer_text);
    return identify(crl, crl->is_delta, row.id) && put(numbers, &row);
}

bool cg_crl_numbers_merge(struct cg_crl_numbers *numbers, const struct cg_crl_numbers *other)
{
    for (size_t i = 0; i < cg_crl_numbers_count(other); i++) {
        if (!put(numbers, &other->row[i]))
            return false;
    }
    return true;
}

void cg_crl_numbers_unmark(struct cg_crl_numbers *numbers)
{
    for (size_t i = 0; i < numbers->count; i++)
        numbers->row[i].in_use = false;
}

void cg_crl_numbers_trim(struct cg_crl_numbers *numbers)
{
    while (numbers->count > CG_CRL_NUMBERS_LINES) {
        struct row *oldest = NULL;
        for (size_t i = 0; i < numbers->count; i++)
            if (!numbers->row[i].in_use && (!oldest || numbers->row[i].this_update < oldest->this_update))
                oldest = &numbers->row[i];
        if (!oldest)
            return;
        size_t after = (size_t)(numbers->row + numbers->count - oldest) - 1;
        memmove(oldest, oldest + 1, after * sizeof *oldest);
        numbers->count--;
    }
}

/* "number 1f of 2026-01-02T03:04:05Z" */
static void version_text(const unsigned char *number, int64_t this_update, char *out, size_t size)
{
    char hex[2 * CG_SERIAL_MAX + 1], time[32];
    cg_crl_number_hex(number, hex, sizeof hex);
    cg_time_text(this_update, time, sizeof time);
    snprintf(out, size, "%s%s of %s", number ? "number " : "the CRL", hex, time);
}

enum cg_crl_age cg_crl_numbers_judge(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                     struct cg_error *err)
{
    unsigned char id[2 * DIGEST];
    char low[96], high[96], hex[2 * CG_SERIAL_MAX + 1];
    if (!identify(crl, crl->is_delta, id))
        return CG_CRL_AGE_UNKNOWN;
    const struct row *row = numbers ? find(numbers, id) : NULL;
    const unsigned char *number = crl->has_number ? crl->number : NULL;
    const unsigned char *highest = row && row->has_number ? row->number : NULL;
    if (!row || cg_crl_order_of(number, crl->this_update, highest, row->this_update) >= 0)
        return CG_CRL_NOT_OLDER;
    version_text(number, crl->this_update, low, sizeof low);
    version_text(highest, row->this_update, high, sizeof high);
    cg_crl_number_hex(highest, hex, sizeof hex);
    if (!highest)
        cg_error_set(err, "CRL of %s: %s is older than %s, the newest that was in use; put the newest CRL there",
                     crl->issuer_text, low, high);
    else
        cg_error_set(
            err,
            "CRL of %s: %s is older than %s, the highest that was in use (RFC 5280 5.2.3); put the newest CRL "
            "there. If the CA was restored from a backup: revoke again what was revoked since, then `certguard "
            "crl --above %s`",
            crl->issuer_text, low, high, hex);
    return CG_CRL_OLDER;
}

enum cg_crl_age cg_crl_numbers_judge_base(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                          struct cg_error *err)
{
    unsigned char id[2 * DIGEST];
    char low[96], high[96];
    if (crl->is_delta || !numbers)
        return CG_CRL_NOT_OLDER;
    if (!identify(crl, true, id))
        return CG_CRL_AGE_UNKNOWN;
    const struct row *row = find(numbers, id);
    const unsigned char *number = crl->has_number ? crl->number : NULL;
    if (!row || !row->has_number || cg_crl_order_of(number, crl->this_update, row->number, row->this_update) >= 0)
        return CG_CRL_NOT_OLDER;
    version_text(number, crl->this_update, low, sizeof low);
    version_text(row->number, row->this_update, high, sizeof high);
    cg_error_set(err,
                 "CRL of %s: %s is there without the delta CRL, %s, that was in use with it (RFC 5280 5.2.4); put the "
                 "newest delta CRL there too, or a complete CRL that is newer",
                 crl->issuer_text, low, high);
    return CG_CRL_OLDER;
}

bool cg_crl_numbers_knows(const struct cg_crl_numbers *numbers, const X509 *issuer, struct cg_error *err)
{
    unsigned char id[2 * DIGEST] = {0};
    char high[96];
    if (!numbers)
        return false;
    if (!key_id(issuer, id)) {
        cg_error_set(err, "CRLs: out of memory");
        return true;
    }
    size_t at = place_of(numbers, id);
    if (at == numbers->count || memcmp(numbers->row[at].id, id, DIGEST) != 0)
        return false;
    const struct row *row = &numbers->row[at];
    version_text(row->has_number ? row->number : NULL, row->this_update, high, sizeof high);
    cg_error_set(
        err,
        "CRL of %s: %s was in use, and now no file has a CRL of that CA; put its newest CRL there, or take the "
        "CA out of the trust files too",
        row->issuer, high);
    return true;
}

/* ---- text */

static const char head_line[] = "certguard crl-numbers 1";
static const char help_line[] = "# The highest CRL number in use so far: key, scope, number in hex, thisUpdate in "
                                "seconds, the same as a date, issuer";

#define LINE_MAX_LEN 640 /* of ours */

static size_t hex_text(const unsigned char *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return 2 * len;
}

static size_t row_text(const struct row *row, char out[LINE_MAX_LEN])
{
    char number[2 * CG_SERIAL_MAX + 1], time[32];
    size_t len = hex_text(row->id, DIGEST, out);
    out[len++] = ' ';
    len += hex_text(row->id + DIGEST, DIGEST, out + len);
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

/* One field up to the space, which is taken too. */
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
        size_t right = digits - 1 - i; /* digits to the right of it */
        if (value < 0)
            return false;
        out[size - 1 - right / 2] |= (unsigned char)(value << (4 * (right % 2)));
    }
    return true;
}

/* No zeros in front: each number has one text. */
static bool read_number(const char *field, size_t len, struct row *row)
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

/* What is wrong with the line, or NULL. */
static const char *read_row(const char *at, const char *end, struct row *row)
{
    const char *field;
    size_t len;
    if (!take_field(&at, end, &field, &len) || len != 2 * DIGEST || !read_hex(field, len, row->id, DIGEST))
        return "64 hex digits of the key first";
    if (!take_field(&at, end, &field, &len) || len != 2 * DIGEST || !read_hex(field, len, row->id + DIGEST, DIGEST))
        return "64 hex digits of the scope after the key";
    if (!take_field(&at, end, &field, &len) || !read_number(field, len, row))
        return "a number of at most 40 hex digits, or -, after the scope";
    if (!take_field(&at, end, &field, &len) || !read_time(field, len, &row->this_update))
        return "a time in seconds after the number";
    take_field(&at, end, &field, &len); /* the same as a date */
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

/* The last line, which says how many there were: a file that was cut short is not taken for a whole one. */
static const char *read_end(const char *at, const char *end, size_t count, bool is_last)
{
    char text[40];
    snprintf(text, sizeof text, "end %zu", count);
    if (!is_line(at, end, text))
        return "the right count of the lines before it";
    return is_last ? NULL : "nothing after the line \"end\"";
}

bool cg_crl_numbers_parse(struct cg_crl_numbers *numbers, const char *place, const void *data, size_t len,
                          struct cg_error *err)
{
    const char *at = data, *last = at + len, *wrong = NULL;
    size_t line = 1, count = 0;
    unsigned char before[2 * DIGEST] = {0};
    for (bool ended = false; !ended && !wrong; line++) {
        const char *end = at < last ? memchr(at, '\n', (size_t)(last - at)) : NULL;
        struct row row = {.in_use = false};
        if (!end) {
            wrong = "a whole line; the file was cut short";
        } else if (line == 1) {
            wrong = is_line(at, end, head_line)
                        ? NULL
                        : "\"certguard crl-numbers 1\"; is it the right file, and of this version?";
        } else if (end - at > 3 && memcmp(at, "end", 3) == 0) { /* no key begins so: n is no hex digit */
            wrong = read_end(at, end, count, end + 1 == last);
            ended = true;
        } else if (*at != '#') {
            wrong = ++count > CG_CRL_NUMBERS_LINES ? "fewer lines" : read_row(at, end, &row);
            if (!wrong && count > 1 && memcmp(before, row.id, sizeof before) >= 0)
                wrong = "lines in the order of key and scope";
            memcpy(before, row.id, sizeof before);
            if (!wrong && !put(numbers, &row)) {
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

static bool read_file(struct cg_crl_numbers *numbers, const char *path, struct cg_error *err)
{
    struct cg_bytes bytes;
    if (!cg_file_read(path, CG_FILE_STATE, CG_CRL_NUMBERS_BYTES, &bytes, err))
        return false;
    bool ok = cg_crl_numbers_parse(numbers, path, bytes.data, bytes.len, err);
    cg_bytes_free(&bytes);
    return ok;
}

/* The cure must bring the numbers back: to take the file away would let older CRLs in. */
static void add_cure(const char *folder, const char *path, struct cg_error *err)
{
    char old[PATH_MAX];
    struct cg_error what = *err;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    snprintf(old, sizeof old, "%s/" CG_CRL_NUMBERS_OLD, folder);
    if (numbers && read_file(numbers, old, NULL))
        cg_error_set(err, "%s; cure: cp -p %s %s", what.text, old, path);
    else
        cg_error_set(err, "%s; restore the file from a backup (plugin.md says what to do without one)", what.text);
    cg_crl_numbers_free(numbers);
}

bool cg_crl_numbers_read(struct cg_crl_numbers *numbers, const char *folder, bool *found, struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_bytes bytes;
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
    if (!cg_file_read(path, CG_FILE_STATE, CG_CRL_NUMBERS_BYTES, &bytes, err))
        return false;
    struct cg_error wrong = {""};
    bool ok = cg_crl_numbers_parse(numbers, path, bytes.data, bytes.len, &wrong);
    cg_bytes_free(&bytes);
    if (!ok)
        add_cure(folder, path, &wrong);
    if (!ok && err)
        *err = wrong;
    return ok;
}
