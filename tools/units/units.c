/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "units.h"
#include "base/failure.h"
#include "core/file/file.h"
#include "store/target_path.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK       "# Written by certguard install-units; sha256 of what follows: "
#define HEX        64
#define FILE_LIMIT ((size_t)1 << 20)

static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._+:,=-";

static bool hex_of(const char *data, size_t len, char out[HEX + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!EVP_Digest(data, len, digest, &n, EVP_sha256(), NULL))
        return false;
    for (unsigned i = 0; i < n && i < HEX / 2; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
    return true;
}

static const char *value_of(const char *name, size_t len, const struct cg_unit_value *values, size_t nvalues)
{
    for (size_t i = 0; i < nvalues; i++)
        if (strlen(values[i].name) == len && strncmp(values[i].name, name, len) == 0)
            return values[i].value;
    return NULL;
}

/* Length of the name in "@NAME@"; 0 if there is none, as in "@system-service". */
static size_t name_length(const char *at, const char *end)
{
    size_t n = 1;
    while (at + n < end && (at[n] == '_' || (at[n] >= 'A' && at[n] <= 'Z')))
        n++;
    return at + n < end && at[n] == '@' ? n - 1 : 0;
}

static bool fill_in(FILE *out, const struct cg_unit_file *file, const struct cg_unit_value *values, size_t nvalues,
                    struct cg_error *err)
{
    const char *end = file->data + file->len;
    for (const char *p = file->data; p < end;) {
        size_t n = *p == '@' ? name_length(p, end) : 0;
        if (!n) {
            putc(*p++, out);
            continue;
        }
        const char *value = value_of(p + 1, n, values, nvalues);
        if (!value)
            return cg_fail_text(err, "%s: no value for @%.*s@", file->name, (int)n, p + 1);
        fputs(value, out);
        p += n + 2;
    }
    return true;
}

char *cg_unit_render(const struct cg_unit_file *file, const struct cg_unit_value *values, size_t nvalues,
                     struct cg_error *err)
{
    char *body = NULL, *text = NULL, hex[HEX + 1];
    size_t len = 0;
    FILE *out = open_memstream(&body, &len);
    bool ok = !out || fill_in(out, file, values, nvalues, err);
    bool full = !out || fclose(out) != 0 || !hex_of(body, len, hex) || asprintf(&text, MARK "%s\n%s", hex, body) < 0;
    if (ok && full)
        cg_fail_memory(err);
    free(body);
    if (ok && !full)
        return text;
    if (!full)
        free(text);
    return NULL;
}

static bool is_untouched(const struct cg_bytes *bytes)
{
    const char *text = (const char *)bytes->data, *body;
    size_t mark = strlen(MARK);
    char hex[HEX + 1];
    if (bytes->len < mark + HEX + 1 || strncmp(text, MARK, mark) != 0 || text[mark + HEX] != '\n')
        return false;
    body = text + mark + HEX + 1;
    return hex_of(body, bytes->len - (size_t)(body - text), hex) && strncmp(text + mark, hex, HEX) == 0;
}

void cg_unit_place(const struct cg_unit_folders *folders, const char *name, char path[PATH_MAX])
{
    const char *dash = strrchr(name, '-');
    if (strstr(name, ".logrotate"))
        snprintf(path, PATH_MAX, "%s/certguard", folders->logrotate);
    else if (strstr(name, ".conf"))
        snprintf(path, PATH_MAX, "%s/%.*s.service.d/certguard.conf", folders->units, dash ? (int)(dash - name) : 0,
                 name);
    else
        snprintf(path, PATH_MAX, "%s/%s", folders->units, name);
}

bool cg_unit_link(const struct cg_unit_folders *folders, const char *name, char link[PATH_MAX])
{
    const char *suffix = strrchr(name, '.');
    if (strcmp(suffix, ".timer") != 0 && strcmp(suffix, ".path") != 0)
        return false;
    snprintf(link, PATH_MAX, "%s/%ss.target.wants/%s", folders->units, suffix + 1, name);
    return true;
}

static bool find_ca(const char *text, char ca[PATH_MAX])
{
    const char *at = strstr(text, " -C ");
    const size_t len = at ? strcspn(at + 4, " \n") : 0;
    snprintf(ca, PATH_MAX, "%.*s", len < PATH_MAX ? (int)len : 0, at ? at + 4 : "");
    return ca[0];
}

bool cg_unit_ca(const char *path, char ca[PATH_MAX])
{
    struct cg_bytes bytes = {0};
    const bool ok = cg_file_read(path, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, NULL) && find_ca((char *)bytes.data, ca);
    cg_bytes_free(&bytes);
    return ok;
}

static bool is_of_other_ca(const char *old, const char *text)
{
    char before[PATH_MAX], now[PATH_MAX], file[PATH_MAX + sizeof "/ca.pem"];
    if (!find_ca(old, before) || !find_ca(text, now) || cg_path_is_same(before, now))
        return false;
    snprintf(file, sizeof file, "%s/ca.pem", before);
    return access(file, F_OK) == 0;
}

enum cg_unit_state cg_unit_state(const char *path, const char *text)
{
    struct cg_bytes bytes = {0};
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return CG_UNIT_ABSENT;
    if (!cg_file_read(path, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, NULL))
        return CG_UNIT_FOREIGN;
    bool same = bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
    enum cg_unit_state state = same                                             ? CG_UNIT_SAME
                               : !is_untouched(&bytes)                          ? CG_UNIT_FOREIGN
                               : is_of_other_ca((const char *)bytes.data, text) ? CG_UNIT_OTHER
                                                                                : CG_UNIT_STALE;
    cg_bytes_free(&bytes);
    return state;
}

bool cg_unit_path_fits(const char *path, struct cg_error *err)
{
    if (path[0] == '/' && path[strspn(path, LETTERS)] == '\0')
        return true;
    return cg_fail_text(
        err,
        "%s: expected an absolute path with only letters, digits and / . _ + : , = - for a unit file; move or "
        "link it to such a path",
        path);
}
