/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "files.h"
#include "base/failure.h"
#include "core/cert/pem.h"
#include "store/owner.h"

#include <openssl/pem.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)1 << 20)

bool cg_device_fail_file(const struct cg_folder *folder, const char *name, const char *why, struct cg_error *err)
{
    return cg_fail_text(err, "cannot use %s/%s: %s", folder->path, name, why);
}

bool cg_device_has(const struct cg_folder *folder, const char *name)
{
    struct stat st;
    return folder->fd >= 0 && cg_folder_stat(folder, name, &st);
}

bool cg_device_read(const struct cg_folder *folder, const char *name, size_t limit, struct cg_bytes *bytes,
                    struct cg_error *err)
{
    struct stat st;
    return cg_folder_read(folder, name, limit, bytes, &st) ||
           cg_device_fail_file(folder, name,
                               "it is missing, not a regular file, too large or not readable. The folder of a device "
                               "contains privkey.pem, fullchain.pem (or cert.pem and chain.pem) and ca.pem",
                               err);
}

bool cg_device_certificates(const struct cg_folder *folder, const char *name, STACK_OF(X509) **out,
                            struct cg_error *err)
{
    char place[PATH_MAX];
    struct cg_bytes bytes;
    snprintf(place, sizeof place, "%.3000s/%s", folder->path, name);
    if (!cg_device_read(folder, name, FILE_LIMIT, &bytes, err))
        return false;
    const bool ok = cg_certificates_read(place, bytes.data, bytes.len, CG_DEVICE_CERTS_MAX, out, err);
    cg_bytes_free(&bytes);
    return ok;
}

bool cg_device_pem(X509 *first, const STACK_OF(X509) *rest, struct cg_bytes *out, struct cg_error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    bool ok = bio && (!first || PEM_write_bio_X509(bio, first) == 1);
    for (int i = 0; ok && i < sk_X509_num(rest); i++)
        ok = PEM_write_bio_X509(bio, sk_X509_value(rest, i)) == 1;
    const long len = ok ? BIO_get_mem_data(bio, &data) : 0;
    *out = (struct cg_bytes){ok ? calloc(1, (size_t)len + 1) : NULL, (size_t)len};
    if (out->data && len)
        memcpy(out->data, data, (size_t)len);
    BIO_free(bio);
    return out->data || cg_fail_memory(err);
}

bool cg_device_write(const struct cg_folder *folder, const char *name, const struct cg_bytes *bytes,
                     struct cg_error *err)
{
    char path[PATH_MAX];
    const struct cg_owner owner = {(uid_t)-1, (gid_t)-1, 0600};
    snprintf(path, sizeof path, "%.3500s/%s", folder->path, name);
    return cg_write_replace_at(folder->fd, path, bytes->data, bytes->len, &owner, err);
}

struct cg_owner cg_device_owner(const struct cg_folder *folder, const char *name, bool is_key)
{
    struct cg_owner owner = {(uid_t)-1, (gid_t)-1, is_key ? 0600 : 0644};
    struct stat st;
    if (!cg_folder_stat(folder, name, &st))
        return owner;
    owner.mode = st.st_mode & (is_key ? 0660 : 0664);
    if (!cg_owner_is_root() && st.st_gid != folder->st.st_gid)
        owner.gid = st.st_gid;
    return owner;
}
