/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "trust.h"
#include "base/failure.h"
#include "deploy/file_set.h"
#include "files.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANCHORS     "ca.pem"
#define DROPPED     "dropped"
#define DROPPED_MAX 64
#define HEX         ((size_t)2 * CG_DEVICE_DIGEST)

void cg_device_trust_clear(struct cg_device_trust *trust)
{
    sk_X509_pop_free(trust->anchors, X509_free);
    free(trust->dropped);
}

static bool is_dropped(const struct cg_device_trust *trust, const unsigned char *digest)
{
    bool is = false;
    for (size_t i = 0; !is && i < trust->ndropped; i++)
        is = memcmp(digest, trust->dropped + i * CG_DEVICE_DIGEST, CG_DEVICE_DIGEST) == 0;
    return is;
}

static bool write_anchors(const struct cg_device_trust *trust, struct cg_error *err)
{
    struct cg_set_file file = {.name = ANCHORS, .owner = cg_device_owner(trust->folder, ANCHORS, false)};
    const bool ok = cg_device_pem(NULL, trust->anchors, &file.bytes, err) &&
                    cg_file_set_put_plain(trust->folder, &file, err);
    cg_bytes_free(&file.bytes);
    return ok;
}

/* Also what a killed run remembered, and did not remove any more. */
static bool remove_dropped(struct cg_device_trust *trust, struct cg_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    const int count = sk_X509_num(trust->anchors);
    for (int i = count - 1; i >= 0; i--) {
        if (X509_digest(sk_X509_value(trust->anchors, i), EVP_sha256(), digest, NULL) != 1)
            return cg_fail_openssl(err, "hash", "a trust anchor");
        if (is_dropped(trust, digest))
            X509_free(sk_X509_delete(trust->anchors, i));
    }
    if (sk_X509_num(trust->anchors) == 0)
        return cg_device_fail_file(trust->folder, ANCHORS,
                                   "all its certificates were dropped as trust anchors. Copy the CA's file there", err);
    return sk_X509_num(trust->anchors) == count || !trust->may_write || write_anchors(trust, err);
}

static bool read_dropped(struct cg_device_trust *trust, struct cg_error *err)
{
    struct cg_bytes bytes;
    struct stat st;
    bool ok = true;
    if (trust->store->fd < 0 || (fstatat(trust->store->fd, DROPPED, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT))
        return true;
    if (!cg_device_read(trust->store, DROPPED, DROPPED_MAX * (HEX + 1), &bytes, err))
        return false;
    const size_t count = bytes.len / (HEX + 1);
    trust->dropped = calloc(count + 1, CG_DEVICE_DIGEST);
    for (size_t i = 0; ok && i < count; i++) {
        char *line = (char *)bytes.data + i * (HEX + 1);
        size_t len = 0;
        ok = trust->dropped && line[HEX] == '\n';
        line[HEX] = '\0';
        ok = ok &&
             OPENSSL_hexstr2buf_ex(trust->dropped + i * CG_DEVICE_DIGEST, CG_DEVICE_DIGEST, &len, line, '\0') == 1 &&
             len == CG_DEVICE_DIGEST;
    }
    ok = ok && bytes.len == count * (HEX + 1);
    trust->ndropped = ok ? count : 0;
    cg_bytes_free(&bytes);
    ERR_clear_error();
    return ok || cg_device_fail_file(trust->store, DROPPED,
                                     "it is damaged. It lists trust anchors that must not be used any more: "
                                     "restore it, or compare " ANCHORS " with the CA's and delete it",
                                     err);
}

bool cg_device_trust_read(struct cg_device_trust *trust, struct cg_error *err)
{
    return read_dropped(trust, err) && cg_device_certificates(trust->folder, ANCHORS, &trust->anchors, err) &&
           remove_dropped(trust, err);
}

static bool remember(struct cg_device_trust *trust, const unsigned char *digest, struct cg_error *err)
{
    const size_t count = trust->ndropped + 1;
    unsigned char *grown = count <= DROPPED_MAX ? realloc(trust->dropped, count * CG_DEVICE_DIGEST) : NULL;
    struct cg_bytes text = {grown ? calloc(count, HEX + 1) : NULL, count * (HEX + 1)};
    if (!grown)
        return cg_fail_text(err, "cannot remember another dropped trust anchor in %s/" DROPPED, trust->store->path);
    trust->dropped = grown;
    memcpy(grown + trust->ndropped * CG_DEVICE_DIGEST, digest, CG_DEVICE_DIGEST);
    bool ok = text.data || cg_fail_memory(err);
    for (size_t i = 0; ok && i < count; i++) {
        char *line = (char *)text.data + i * (HEX + 1);
        for (size_t j = 0; j < CG_DEVICE_DIGEST; j++)
            snprintf(line + 2 * j, 3, "%02x", grown[i * CG_DEVICE_DIGEST + j]);
        line[HEX] = '\n';
    }
    ok = ok && cg_device_write(trust->store, DROPPED, &text, err);
    trust->ndropped = ok ? count : trust->ndropped;
    cg_bytes_free(&text);
    return ok;
}

bool cg_device_add_anchor(struct cg_device_trust *trust, X509 *root, struct cg_error *err)
{
    if (sk_X509_num(trust->anchors) >= CG_DEVICE_CERTS_MAX)
        return cg_device_fail_file(trust->folder, ANCHORS,
                                   "it has too many certificates. Remove those of CAs that are not used", err);
    return (X509_add_cert(trust->anchors, root, X509_ADD_FLAG_UP_REF) == 1 || cg_fail_memory(err)) &&
           write_anchors(trust, err);
}

bool cg_device_drop_anchor(struct cg_device_trust *trust, const unsigned char digest[CG_DEVICE_DIGEST],
                           struct cg_error *err)
{
    return remember(trust, digest, err) && remove_dropped(trust, err);
}
