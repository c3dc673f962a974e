/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "live.h"
#include "base/array.h"
#include "base/failure.h"
#include "base/parallel.h"
#include "core/cert/der.h"
#include "core/cert/name.h"
#include "core/cert/pem.h"
#include "core/file/file.h"
#include "index.h"

#include <openssl/err.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT ((size_t)1 << 20)

/* ---- the names */

static int by_name(const void *a, const void *b)
{
    const struct cg_live *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static bool add_name(struct cg_lives *lives, const char *name)
{
    struct cg_live *item = cg_array_grow(lives->item, lives->count, sizeof *item);
    if (!item)
        return false;
    lives->item = item;
    item[lives->count] = (struct cg_live){.name = strdup(name)};
    return item[lives->count++].name;
}

static bool list_names(struct cg_lives *lives, const struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX];
    bool ok = true;
    DIR *folder = opendir(cg_ca_path(ca, path, "live"));
    if (!folder)
        return errno == ENOENT || cg_fail_errno(err, "read", path);
    for (const struct dirent *e; ok && (e = readdir(folder));)
        ok = e->d_name[0] == '.' || add_name(lives, e->d_name);
    closedir(folder);
    if (ok && lives->count)
        qsort(lives->item, lives->count, sizeof *lives->item, by_name);
    return ok || cg_fail_memory(err);
}

static void mark_name(const struct cg_lives *lives, char *name)
{
    const struct cg_live wanted = {.name = name};
    struct cg_live *live = lives->count ? bsearch(&wanted, lives->item, lives->count, sizeof wanted, by_name) : NULL;
    if (live)
        live->has_record = true;
}

/* deploy/NAME.json, rotate/NAME.json and rotate/NAME.lock */
static bool mark_records(const struct cg_lives *lives, const struct cg_ca *ca, const char *below, struct cg_error *err)
{
    char path[PATH_MAX];
    DIR *folder = opendir(cg_ca_path(ca, path, "%s", below));
    if (!folder)
        return errno == ENOENT || cg_fail_errno(err, "read", path);
    for (struct dirent *e; (e = readdir(folder));) {
        char *end = strrchr(e->d_name, '.');
        if (end)
            *end = '\0';
        mark_name(lives, e->d_name);
    }
    closedir(folder);
    return true;
}

/* ---- the dates */

/* As BN_bn2hex writes it. Only what RFC 5280 4.1.2.2 allows: positive, at most 20 bytes. */
static bool read_serial(const struct cg_der *number, char out[48])
{
    const unsigned char *at = number->at;
    if (!cg_der_integer_is_minimal(number) || *at >= 0x80)
        return false;
    at += *at == 0;
    const size_t len = (size_t)(number->end - at);
    for (size_t i = 0; i < len && len <= 20; i++)
        snprintf(out + 2 * i, 3, "%02X", at[i]);
    return len > 0 && len <= 20;
}

/* RFC 5280 4.1, up to the dates; what follows must be there. */
static bool read_der(struct cg_live *live, struct cg_der in)
{
    struct cg_der cert, tbs, serial, dates, any;
    bool ok = cg_der_take(&in, CG_DER_SEQUENCE, &cert) && cg_der_left(&in) == 0 &&
              cg_der_take(&cert, CG_DER_SEQUENCE, &tbs) && cg_der_take(&cert, CG_DER_SEQUENCE, &any) &&
              cg_der_take(&cert, CG_DER_BIT_STRING, &any) && cg_der_left(&cert) == 0 &&
              cg_der_take(&tbs, CG_DER_CONTEXT_0, &any) && cg_der_take(&tbs, CG_DER_INTEGER, &serial) &&
              cg_der_take(&tbs, CG_DER_SEQUENCE, &any) /* signature */ &&
              cg_der_take(&tbs, CG_DER_SEQUENCE, &any) /* issuer */ && cg_der_take(&tbs, CG_DER_SEQUENCE, &dates) &&
              cg_der_take(&tbs, CG_DER_SEQUENCE, &any) /* subject */ &&
              cg_der_take(&tbs, CG_DER_SEQUENCE, &any) /* key */;
    return ok && cg_der_take_time(&dates, &live->start) && cg_der_take_time(&dates, &live->end) &&
           read_serial(&serial, live->serial);
}

bool cg_live_read_pem(struct cg_live *live, unsigned char *data, size_t len)
{
    struct cg_pem pem = {.place = live->name, .data = data, .len = len};
    return cg_pem_next(&pem, NULL) == CG_PEM_BLOCK && strcmp(pem.label, "CERTIFICATE") == 0 &&
           read_der(live, (struct cg_der){pem.der, pem.der + pem.der_len});
}

static bool read_cert(struct cg_live *live, const char *path)
{
    X509 *cert = cg_cert_load(path, NULL);
    char *serial = cert ? cg_index_serial(X509_get0_serialNumber(cert)) : NULL;
    const bool ok = serial && (size_t)snprintf(live->serial, sizeof live->serial, "%s", serial) < sizeof live->serial &&
                    cg_time_seconds(X509_get0_notBefore(cert), &live->start) &&
                    cg_time_seconds(X509_get0_notAfter(cert), &live->end);
    OPENSSL_free(serial);
    X509_free(cert);
    ERR_clear_error();
    return ok;
}

struct reading {
    const struct cg_lives *lives;
    const struct cg_ca *ca;
};

static void read_one(void *context, size_t number)
{
    const struct reading *reading = context;
    struct cg_live *live = &reading->lives->item[number];
    struct cg_bytes bytes;
    char path[PATH_MAX];
    cg_ca_path(reading->ca, path, "live/%s/cert.pem", live->name);
    if (!cg_file_read(path, CG_FILE_PUBLIC, LIMIT, &bytes, NULL))
        return;
    live->is_read = cg_live_read_pem(live, bytes.data, bytes.len) || read_cert(live, path);
    cg_bytes_free(&bytes);
}

bool cg_lives_load(struct cg_lives *lives, const struct cg_ca *ca, struct cg_error *err)
{
    struct reading reading = {lives, ca};
    *lives = (struct cg_lives){0};
    const bool ok = list_names(lives, ca, err) && mark_records(lives, ca, "deploy", err) &&
                    mark_records(lives, ca, "rotate", err);
    if (ok)
        cg_parallel(lives->count, 0, read_one, &reading);
    else
        cg_lives_free(lives);
    return ok;
}

void cg_lives_free(struct cg_lives *lives)
{
    for (size_t i = 0; i < lives->count; i++)
        free(lives->item[i].name);
    free(lives->item);
    *lives = (struct cg_lives){0};
}
