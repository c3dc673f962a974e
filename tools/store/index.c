/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "index.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "core/file/file.h"

#include <openssl/bn.h>
#include <openssl/err.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_LIMIT ((size_t)1 << 30)

static const struct {
    int number;
    const char *name;
} reasons[] = {
    {0, "unspecified"},        {1, "keyCompromise"},      {2, "CACompromise"},
    {3, "affiliationChanged"}, {4, "superseded"},         {5, "cessationOfOperation"},
    {6, "certificateHold"},    {9, "privilegeWithdrawn"}, {10, "AACompromise"},
};

const char *cg_reason_name(int reason)
{
    for (size_t i = 0; i < CG_COUNT(reasons); i++)
        if (reasons[i].number == reason)
            return reasons[i].name;
    return NULL;
}

int cg_reason_number(const char *name)
{
    for (size_t i = 0; i < CG_COUNT(reasons); i++)
        if (strcasecmp(reasons[i].name, name) == 0)
            return reasons[i].number;
    return -1;
}

enum cg_reason_gravity cg_reason_gravity(int reason)
{
    switch (reason) {
    case 1: /* keyCompromise, cACompromise, aACompromise */
    case 2:
    case 10:
        return CG_REASON_COMPROMISE;
    case 6:
        return CG_REASON_HOLD;
    default:
        return CG_REASON_USUAL;
    }
}

bool cg_index_of_text(struct cg_index *index, char *text, size_t len, struct cg_error *err)
{
    while (len && text[len - 1] != '\n')
        len--;
    *index = (struct cg_index){.text = text, .len = len, .fields = malloc(len + 1)};
    return index->fields || cg_fail_memory(err);
}

bool cg_index_load(struct cg_index *index, const struct cg_ca *ca, struct cg_error *err)
{
    char *text;
    size_t len;
    bool ok = cg_ca_read(ca, "index.txt", 0, &text, &len, err);
    *index = (struct cg_index){.text = text};
    ok = ok && cg_index_of_text(index, text, len, err);
    if (!ok)
        cg_index_free(index);
    index->word = ca->word;
    return ok;
}

bool cg_index_load_file(struct cg_index *index, const char *path, struct cg_error *err)
{
    struct cg_bytes bytes;
    *index = (struct cg_index){0};
    if (!cg_file_read(path, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, err))
        return false;
    if (bytes.len && bytes.data[bytes.len - 1] != '\n')
        bytes.data[bytes.len++] = '\n'; /* over the NUL */
    bool ok = cg_index_of_text(index, (char *)bytes.data, bytes.len, err);
    index->path = path;
    return ok;
}

void cg_index_rewind(struct cg_index *index)
{
    index->at = index->number = 0;
    index->is_damaged = false;
}

void cg_index_free(struct cg_index *index)
{
    free(index->text);
    free(index->fields);
    *index = (struct cg_index){0};
}

static bool parse_time(const char *text, int64_t *out)
{
    return cg_time_read_lenient(text, strcspn(text, ","), out);
}

/* "260101000000Z,keyCompromise"; the reason may be missing, and CAkeyCompromise and holds have a further part */
static bool parse_revocation(const char *text, struct cg_index_row *row)
{
    row->revoked = CG_TIME_NONE;
    row->reason = -1;
    if (!*text)
        return row->status != 'R';
    const char *comma = strchr(text, ',');
    if (comma) {
        char word[32] = "";
        const size_t n = strcspn(comma + 1, ",");
        memcpy(word, comma + 1, n < sizeof word ? n : sizeof word - 1);
        /* what `openssl ca -crl_compromise` and `-crl_CA_compromise` and `-crl_hold` write */
        row->reason = strcasecmp(word, "keyTime") == 0           ? 1
                      : strcasecmp(word, "CAkeyTime") == 0       ? 2
                      : strcasecmp(word, "holdInstruction") == 0 ? 6
                                                                 : cg_reason_number(word);
    }
    return parse_time(text, &row->revoked);
}

bool cg_index_next(struct cg_index *index, struct cg_index_row *row, struct cg_error *err)
{
    if (index->at >= index->len)
        return false;
    char *field[6] = {index->fields + index->at};
    row->line = index->text + index->at;
    row->len = (size_t)((const char *)memchr(row->line, '\n', index->len - index->at) - row->line);
    /* copied again from the text, since the walk may be repeated */
    memcpy(field[0], row->line, row->len);
    field[0][row->len] = '\0';
    index->at += row->len + 1;
    index->number++;
    int n = 1;
    for (char *c = field[0]; n < 6 && (c = strchr(c, '\t')); n++) {
        *c++ = '\0';
        field[n] = c;
    }
    row->status = n == 6 && strlen(field[0]) == 1 ? field[0][0] : '\0';
    row->expires = CG_TIME_NONE;
    row->serial = n == 6 ? field[3] : NULL;
    row->file = n == 6 ? field[4] : NULL;
    row->subject = n == 6 ? field[5] : NULL;
    if (n != 6 || !row->status || !strchr("VRE", row->status) || !parse_time(field[1], &row->expires) ||
        !parse_revocation(field[2], row)) {
        cg_error_set(err,
                     "cannot read %s, line %lu: not an index line: \"%.60s\". Restore the file from a backup%s%s%s",
                     index->path ? index->path : "index.txt", index->number, field[0],
                     index->word ? ", or rebuild it from the journal, archive/ and the last CRL: certguard -C " : "",
                     index->word ? index->word : "", index->word ? " crl --restore-index" : "");
        index->is_damaged = true;
        return false;
    }
    return true;
}

void cg_index_row_name(const struct cg_index_row *row, char out[CG_NAME_MAX + 1])
{
    static const char folder[] = "archive/";
    const char *name = row->file;
    size_t len = 0;
    if (strncmp(name, folder, sizeof folder - 1) == 0) {
        name += sizeof folder - 1;
        len = strcspn(name, "/");
    } else if ((name = strstr(row->subject, "/CN="))) {
        name += 4;
        len = strcspn(name, "/");
    }
    len = len < CG_NAME_MAX ? len : CG_NAME_MAX;
    if (len)
        memcpy(out, name, len);
    out[len] = '\0';
}

const char *cg_index_serial_text(const char *serial, char out[CG_SERIAL_TEXT_MAX])
{
    size_t n = 0;
    while (serial[0] == '0' && serial[1])
        serial++;
    for (; serial[n] && n + 1 < CG_SERIAL_TEXT_MAX; n++)
        out[n] = (char)tolower((unsigned char)serial[n]);
    out[n] = '\0';
    return out;
}

/* The type of an attribute that begins here: "/O=", with its length. NULL: the text belongs to the value before. */
static ASN1_OBJECT *attribute_at(const char *text, size_t *len)
{
    char type[64];
    *len = strcspn(text + 1, "=/");
    if (text[0] != '/' || text[1 + *len] != '=' || *len >= sizeof type)
        return NULL;
    snprintf(type, sizeof type, "%.*s", (int)*len, text + 1);
    *len += 2;
    return OBJ_txt2obj(type, 0);
}

/* X509_NAME_oneline writes bytes that are not printable as \xNN. Returns the length. */
static size_t read_value(const char *text, size_t len, unsigned char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        const bool is_escaped = len - i >= 4 && text[i] == '\\' && text[i + 1] == 'x';
        const int high = is_escaped ? OPENSSL_hexchar2int((unsigned char)text[i + 2]) : -1;
        const int low = is_escaped ? OPENSSL_hexchar2int((unsigned char)text[i + 3]) : -1;
        const bool is_byte = high >= 0 && low >= 0;
        out[n++] = (unsigned char)(is_byte ? high << 4 | low : text[i]);
        i += is_byte ? 3 : 0;
    }
    return n;
}

static bool add_attributes(X509_NAME *name, const char *subject, unsigned char *value)
{
    size_t len = 0, next = 0;
    bool ok = true;
    ASN1_OBJECT *type = attribute_at(subject, &len);
    while (ok && type) {
        const char *from = subject + len;
        ASN1_OBJECT *following = NULL;
        size_t size = 0;
        while (from[size] && !(following = attribute_at(from + size, &next)))
            size++;
        ok = X509_NAME_add_entry_by_OBJ(name, type, V_ASN1_UTF8STRING, value, (int)read_value(from, size, value), -1,
                                        0) == 1;
        ASN1_OBJECT_free(type);
        type = following;
        subject = from + size;
        len = next;
    }
    ASN1_OBJECT_free(type);
    return ok;
}

const char *cg_index_subject_text(const char *subject, char *out, size_t size)
{
    X509_NAME *name = X509_NAME_new();
    unsigned char *value = malloc(strlen(subject) + 1);
    out[0] = '\0';
    if (name && value && add_attributes(name, subject, value))
        cg_name_text(name, out, size);
    X509_NAME_free(name);
    free(value);
    ERR_clear_error();
    return out;
}

char *cg_index_serial(const ASN1_INTEGER *serial)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    BN_free(number);
    return hex;
}

/* The status is the first letter of the line that contains the serial number between tabs. */
char cg_index_status(const struct cg_index *index, const X509 *cert)
{
    char field[80];
    char *serial = cg_index_serial(X509_get0_serialNumber(cert));
    int n = snprintf(field, sizeof field, "\t%s\t", serial ? serial : "-");
    const char *at = index->len ? memmem(index->text, index->len, field, (size_t)n) : NULL;
    while (at && at > index->text && at[-1] != '\n')
        at--;
    OPENSSL_free(serial);
    return at ? *at : '\0';
}

bool cg_index_revoked(const struct cg_ca *ca, struct cg_serials *revoked, struct cg_error *err)
{
    struct cg_index index;
    struct cg_index_row row;
    bool ok = cg_index_load(&index, ca, err);
    while (ok && cg_index_next(&index, &row, err))
        ok = row.status != 'R' || cg_serials_add(revoked, row.serial) || cg_fail_memory(err);
    ok = ok && !index.is_damaged;
    cg_index_free(&index);
    return ok;
}

bool cg_index_is_revoked(const struct cg_ca *ca, const X509 *cert, bool *revoked, struct cg_error *err)
{
    struct cg_serials own = {0};
    const struct cg_serials *known = ca->revoked ? ca->revoked : &own;
    char *serial = cg_index_serial(X509_get0_serialNumber(cert));
    bool ok = serial ? ca->revoked || cg_index_revoked(ca, &own, err) : cg_fail_memory(err);
    *revoked = !ok || cg_serials_has(known, serial);
    OPENSSL_free(serial);
    cg_serials_free(&own);
    return ok;
}

void cg_index_print(FILE *out, const struct cg_index_row *row)
{
    char expires[CG_TIME_ASN1_MAX], revoked[CG_TIME_ASN1_MAX] = "";
    const char *reason = row->status == 'R' && row->reason > 0 ? cg_reason_name(row->reason) : NULL;
    cg_time_asn1_text(row->expires, expires);
    if (row->status == 'R')
        cg_time_asn1_text(row->revoked, revoked);
    fprintf(out, "%c\t%s\t%s%s%s\t%s\t%s\t%s\n", row->status, expires, revoked, reason ? "," : "", reason ? reason : "",
            row->serial, row->file, row->subject);
}

char *cg_index_line(const X509 *cert, const char *file)
{
    char expires[CG_TIME_ASN1_MAX], *line = NULL;
    int64_t not_after = 0;
    char *subject = X509_NAME_oneline(X509_get_subject_name(cert), NULL, 0);
    char *serial = cg_index_serial(X509_get0_serialNumber(cert));
    if (subject && serial && cg_time_seconds(X509_get0_notAfter(cert), &not_after)) {
        cg_time_asn1_text(not_after, expires);
        if (asprintf(&line, "V\t%s\t\t%s\t%s\t%s", expires, serial, file, subject) < 0)
            line = NULL;
    }
    /* X509_NAME_oneline writes a tab as \x09 */
    OPENSSL_free(subject);
    OPENSSL_free(serial);
    return line;
}
