/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "revoke_what.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "core/cert/pem.h"
#include "core/file/file.h"
#include "store/index_check.h"
#include "store/serials.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define CERT_LIMIT ((size_t)1 << 20)
#define BLANKS     " \t\r"

/* ---- the list */

static struct cg_revoke_what *add(struct cg_revoke_list *list, const char *text, int reason)
{
    struct cg_revoke_what *item = cg_array_grow(list->item, list->count, sizeof *item);
    if (!item)
        return NULL;
    list->item = item;
    item[list->count] = (struct cg_revoke_what){.text = text, .reason = reason};
    return &item[list->count++];
}

bool cg_revoke_list_add(struct cg_revoke_list *list, const char *text, int reason)
{
    return add(list, text, reason);
}

/* False: out of memory. */
static bool set_fault(struct cg_revoke_what *what, const struct cg_error *err)
{
    return (what->fault = strdup(err->text));
}

static bool read_line(struct cg_revoke_list *list, char *line, size_t len, unsigned long number, int reason)
{
    struct cg_error err = {""};
    char *rest = NULL;
    const bool has_nul = strlen(line) != len;
    const char *text = strtok_r(line, BLANKS, &rest), *word = text ? strtok_r(NULL, BLANKS, &rest) : NULL;
    const char *more = word ? strtok_r(NULL, BLANKS, &rest) : NULL;
    if (!has_nul && (!text || *text == '#'))
        return true;
    struct cg_revoke_what *what = add(list, text ? text : "", reason);
    if (!what)
        return false;
    what->line = number;
    if (word && *word == '#')
        word = more = NULL;
    if (word)
        what->reason = cg_reason_number(word);
    if (has_nul)
        cg_error_set(&err, "the line contains a NUL byte. Use a text file");
    else if (more && *more != '#')
        cg_error_set(&err, "expected a name, a serial number or a file, and a reason; found \"%s\" after them", more);
    else if (word && what->reason < 0)
        cg_error_set(&err, "unknown reason \"%s\". certguard revoke --help lists the reasons", word);
    return !err.text[0] || set_fault(what, &err);
}

bool cg_revoke_list_read(struct cg_revoke_list *list, char *text, size_t len, int reason)
{
    unsigned long number = 0;
    bool ok = true;
    for (size_t at = 0; ok && at < len;) {
        char *line = text + at, *feed = memchr(line, '\n', len - at);
        const size_t n = feed ? (size_t)(feed - line) : len - at;
        line[n] = '\0';
        ok = read_line(list, line, n, ++number, reason);
        at += n + 1;
    }
    return ok;
}

void cg_revoke_list_clear(struct cg_revoke_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->item[i].fault);
        X509_free(list->item[i].cert);
    }
    free(list->item);
    *list = (struct cg_revoke_list){0};
}

/* ---- looking them up */

static int by_name(const void *a, const void *b)
{
    const struct cg_revoke_what *const *one = a, *const *other = b;
    return strcmp((*one)->text, (*other)->text);
}

static int by_serial(const void *a, const void *b)
{
    const struct cg_revoke_what *const *one = a, *const *other = b;
    return strcasecmp((*one)->serial, (*other)->serial);
}

typedef int compare_fn(const void *a, const void *b);

/* The first item that is not below key. */
static size_t lower_bound(struct cg_revoke_what **sorted, size_t count, const struct cg_revoke_what *key,
                          compare_fn *compare)
{
    size_t from = 0;
    while (count > 0) {
        const size_t half = count / 2;
        const bool is_below = compare(&sorted[from + half], &key) < 0;
        from += is_below ? half + 1 : 0;
        count = is_below ? count - half - 1 : half;
    }
    return from;
}

bool cg_revoke_lookup_open(struct cg_revoke_lookup *lookup, const struct cg_revoke_list *list, struct cg_error *err)
{
    *lookup = (struct cg_revoke_lookup){.name = calloc(list->count + 1, sizeof *lookup->name),
                                        .serial = calloc(list->count + 1, sizeof *lookup->serial)};
    if (!lookup->name || !lookup->serial)
        return cg_fail_memory(err);
    for (size_t i = 0; i < list->count; i++) {
        struct cg_revoke_what *what = &list->item[i];
        if (!what->fault && what->is_name)
            lookup->name[lookup->names++] = what;
        if (!what->fault && what->is_serial)
            lookup->serial[lookup->serials++] = what;
    }
    qsort(lookup->name, lookup->names, sizeof *lookup->name, by_name);
    qsort(lookup->serial, lookup->serials, sizeof *lookup->serial, by_serial);
    return true;
}

void cg_revoke_lookup_close(struct cg_revoke_lookup *lookup)
{
    free(lookup->name);
    free(lookup->serial);
    *lookup = (struct cg_revoke_lookup){0};
}

static bool match(struct cg_revoke_what **sorted, size_t count, const struct cg_revoke_what *key, compare_fn *compare,
                  int *reason, X509 **cert, bool found)
{
    for (size_t i = lower_bound(sorted, count, key, compare); i < count && compare(&sorted[i], &key) == 0; i++) {
        sorted[i]->matched++;
        if (!found || cg_reason_gravity(sorted[i]->reason) > cg_reason_gravity(*reason))
            *reason = sorted[i]->reason;
        *cert = sorted[i]->cert ? sorted[i]->cert : *cert;
        found = true;
    }
    return found;
}

bool cg_revoke_lookup_row(const struct cg_revoke_lookup *lookup, const struct cg_index_row *row, int *reason,
                          X509 **cert)
{
    char name[CG_NAME_MAX + 1];
    struct cg_revoke_what key = {.text = name};
    bool found = false;
    *cert = NULL;
    if (lookup->names) {
        cg_index_row_name(row, name);
        found = match(lookup->name, lookup->names, &key, by_name, reason, cert, found);
    }
    if (lookup->serials) {
        const char *digits = row->serial + strspn(row->serial, "0");
        const size_t n = strlen(digits);
        memcpy(key.serial, digits, n < sizeof key.serial ? n : sizeof key.serial - 1);
        found = match(lookup->serial, lookup->serials, &key, by_serial, reason, cert, found);
    }
    return found;
}

/* ---- what each of them is */

/* Without the leading zeros and colons that other tools print. False: it is not a number, or longer than any of ours. */
static bool plain_serial(const char *typed, char *out, size_t size)
{
    size_t n = 0;
    if (strncasecmp(typed, "0x", 2) == 0)
        typed += 2;
    if (!*typed || typed[strspn(typed, "0123456789abcdefABCDEF:")])
        return false;
    for (; *typed && n + 1 < size; typed++)
        if (*typed != ':' && (n || *typed != '0'))
            out[n++] = *typed;
    out[n] = '\0';
    return !*typed;
}

/* One certificate in DER, or the first of a file in PEM. */
static X509 *decode(const struct cg_bytes *bytes)
{
    const unsigned char *end = bytes->data;
    if (!cg_is_der(bytes->data, bytes->len)) {
        BIO *bio = BIO_new_mem_buf(bytes->data, (int)bytes->len);
        X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
        BIO_free(bio);
        return cert;
    }
    X509 *cert = d2i_X509(NULL, &end, (long)bytes->len);
    if (cert && end == bytes->data + bytes->len)
        return cert;
    X509_free(cert);
    return NULL;
}

static X509 *load(const char *path, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    const struct cg_file_user before = cg_owner_outside();
    const bool is_read = cg_file_read(path, CG_FILE_PUBLIC, CERT_LIMIT, &bytes, err);
    cg_owner_back(before);
    X509 *cert = is_read ? decode(&bytes) : NULL;
    if (is_read && !cert)
        cg_error_set(err, "cannot read %s: expected a certificate in PEM or DER", path);
    cg_bytes_wipe(&bytes); /* a file in PEM may contain its key */
    ERR_clear_error();
    return cert;
}

static bool is_ours(const struct cg_ca *ca, X509 *cert, const char *path, struct cg_error *err)
{
    char issuer[256];
    const X509_NAME *ours = X509_get_subject_name(ca->cert);
    cg_name_text(X509_get_issuer_name(cert), issuer, sizeof issuer);
    if (X509_NAME_cmp(X509_get_issuer_name(cert), ours) != 0)
        return cg_fail_text(err, "cannot revoke %s: another CA issued it (%s). Revoke it there", path, issuer);
    const bool is_signed = X509_verify(cert, X509_get0_pubkey(ca->cert)) == 1;
    ERR_clear_error();
    if (!is_signed)
        return cg_fail_text(err,
                            "cannot revoke %s: its issuer has the name of this CA (%s), but another key, or the file "
                            "was changed. Revoke it where it was issued",
                            path, issuer);
    if (X509_NAME_cmp(X509_get_subject_name(cert), ours) == 0)
        return cg_fail_text(err,
                            "cannot revoke %s: it is the certificate of this CA itself. Remove it from the trust "
                            "anchors of brokers and devices instead",
                            path);
    return true;
}

static bool use_file(struct cg_revoke_what *what, const struct cg_ca *ca, struct cg_error *err)
{
    what->cert = load(what->text, err);
    char *hex = what->cert && is_ours(ca, what->cert, what->text, err)
                    ? cg_index_serial(X509_get0_serialNumber(what->cert))
                    : NULL;
    what->is_serial = hex;
    if (hex)
        snprintf(what->serial, sizeof what->serial, "%s", hex + strspn(hex, "0"));
    OPENSSL_free(hex);
    return what->is_serial;
}

static bool is_regular_file(const char *path)
{
    struct stat st;
    const struct cg_file_user before = cg_owner_outside();
    const bool is = stat(path, &st) == 0 && S_ISREG(st.st_mode);
    cg_owner_back(before);
    return is;
}

static bool identify(struct cg_revoke_what *what, const struct cg_ca *ca, const struct cg_serials *issued,
                     struct cg_error *err)
{
    if (strchr(what->text, '/'))
        return use_file(what, ca, err);
    if (!cg_index_check_name(ca, issued, what->text, err))
        return false;
    what->is_serial = !what->is_name && plain_serial(what->text, what->serial, sizeof what->serial) &&
                      cg_serials_has(issued, what->serial);
    if (what->is_name || what->is_serial)
        return true;
    if (is_regular_file(what->text))
        return use_file(what, ca, err);
    return cg_fail_text(
        err, "this CA issued no certificate with the name or serial number \"%s\". List all: certguard -C %s list",
        what->text, ca->word);
}

/* Finds those that are names of the CA, and all serial numbers of the index. */
static bool walk(struct cg_revoke_list *list, struct cg_index *index, struct cg_serials *issued, struct cg_error *err)
{
    struct cg_revoke_lookup names;
    struct cg_index_row row;
    int reason = -1;
    X509 *cert = NULL;
    for (size_t i = 0; i < list->count; i++)
        list->item[i].is_name = !strchr(list->item[i].text, '/');
    bool ok = cg_revoke_lookup_open(&names, list, err);
    cg_index_rewind(index);
    while (ok && cg_index_next(index, &row, err)) {
        cg_revoke_lookup_row(&names, &row, &reason, &cert);
        ok = cg_serials_add(issued, row.serial) || cg_fail_memory(err);
    }
    for (size_t i = 0; i < list->count; i++) {
        list->item[i].is_name = list->item[i].matched;
        list->item[i].matched = 0;
    }
    cg_revoke_lookup_close(&names);
    return ok && !index->is_damaged;
}

bool cg_revoke_identify(struct cg_revoke_list *list, const struct cg_ca *ca, struct cg_index *index,
                        struct cg_error *err)
{
    struct cg_serials issued = {0};
    bool ok = walk(list, index, &issued, err);
    for (size_t i = 0; ok && i < list->count; i++) {
        struct cg_error fault = {""};
        struct cg_revoke_what *what = &list->item[i];
        if (!what->fault && !identify(what, ca, &issued, &fault))
            ok = set_fault(what, &fault) || cg_fail_memory(err);
    }
    cg_serials_free(&issued);
    return ok;
}
