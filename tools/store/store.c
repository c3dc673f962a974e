/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "store.h"
#include "base/failure.h"
#include "core/file/file.h"

#include <openssl/pem.h>

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CERT_LIMIT ((size_t)1 << 20)

const char *cg_ca_path(const struct cg_ca *ca, char out[PATH_MAX], const char *format, ...)
{
    int n = snprintf(out, PATH_MAX, "%s/", ca->dir);
    va_list args;
    va_start(args, format);
    vsnprintf(out + n, (size_t)(PATH_MAX - n), format, args);
    va_end(args);
    return out;
}

bool cg_ca_has(const struct cg_ca *ca, const char *relative)
{
    char path[PATH_MAX];
    struct stat st;
    return lstat(cg_ca_path(ca, path, "%s", relative), &st) == 0;
}

bool cg_ca_is_two_tier(const struct cg_ca *ca)
{
    return X509_cmp(ca->cert, ca->root) != 0;
}

X509 *cg_cert_load(const char *path, struct cg_error *err)
{
    struct cg_bytes bytes;
    if (!cg_file_read(path, CG_FILE_PUBLIC, CERT_LIMIT, &bytes, err))
        return NULL;
    BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    if (!cert)
        cg_fail_openssl(err, path);
    BIO_free(bio);
    cg_bytes_free(&bytes);
    return cert;
}

bool cg_ca_from_backup(struct cg_error *err)
{
    const struct cg_error why = *err;
    cg_error_set(err, "%s. Put the file back from a backup of the folder; nothing was changed", why.text);
    return false;
}

bool cg_ca_name_valid(const char *name, struct cg_error *err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@:+";
    size_t len = strlen(name);
    if (len && len <= CG_NAME_MAX && strspn(name, allowed) == len && name[0] != '.' && name[0] != '-')
        return true;
    cg_error_set(err,
                 "\"%s\" cannot be a name: it becomes a folder and the common name, so 1 to %d of letters, "
                 "digits and . _ - @ : +, not starting with . or -",
                 name, CG_NAME_MAX);
    return false;
}

unsigned cg_ca_generation(const struct cg_ca *ca, const char *name)
{
    char path[PATH_MAX];
    unsigned newest = 0;
    DIR *folder = opendir(cg_ca_path(ca, path, "archive/%s", name));
    for (struct dirent *e; folder && (e = readdir(folder));) {
        unsigned long n = strtoul(e->d_name, NULL, 10);
        if (n > newest && n < 100000000)
            newest = (unsigned)n;
    }
    if (folder)
        closedir(folder);
    return newest;
}

X509 *cg_ca_live_cert(const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    char path[PATH_MAX], relative[CG_NAME_MAX + 16];
    if (!cg_ca_name_valid(name, err))
        return NULL;
    snprintf(relative, sizeof relative, "live/%s", name);
    if (!cg_ca_has(ca, relative)) {
        cg_error_set(err, "this CA has no \"%s\"; certguard -C %s list shows what it has", name, ca->word);
        return NULL;
    }
    X509 *cert = cg_cert_load(cg_ca_path(ca, path, "live/%s/cert.pem", name), err);
    if (!cert)
        cg_ca_from_backup(err);
    return cert;
}
