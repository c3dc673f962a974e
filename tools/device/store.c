/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "store.h"
#include "base/failure.h"
#include "ca/key.h"
#include "core/cert/pem.h"
#include "deploy/file_set.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define KEY         "privkey.pem"
#define FULL        "fullchain.pem"
#define ANCHORS     "ca.pem"
#define DROPPED     "dropped"
#define KEY_LIMIT   ((size_t)64 << 10)
#define FILE_LIMIT  ((size_t)1 << 20)
#define CERTS_MAX   32
#define DROPPED_MAX 64
#define HEX         ((size_t)2 * CG_DEVICE_DIGEST)

/* The key is first: see deploy.c. */
enum { AT_KEY, AT_CERT, AT_CHAIN, AT_FULL, NFILES };
static const char *const names[NFILES] = {KEY, "cert.pem", "chain.pem", FULL};

static void clear_pair(struct cg_device_pair *pair)
{
    EVP_PKEY_free(pair->key);
    X509_free(pair->cert);
    sk_X509_pop_free(pair->chain, X509_free);
    *pair = (struct cg_device_pair){0};
}

/* ---- reading */

static bool fail_file(const struct cg_folder *folder, const char *name, const char *why, struct cg_error *err)
{
    return cg_fail_text(err, "cannot use %s/%s: %s", folder->path, name, why);
}

static bool has(const struct cg_folder *folder, const char *name)
{
    struct stat st;
    return folder->fd >= 0 && cg_folder_stat(folder, name, &st);
}

static bool read_file(const struct cg_folder *folder, const char *name, size_t limit, struct cg_bytes *bytes,
                      struct cg_error *err)
{
    struct stat st;
    return cg_folder_read(folder, name, limit, bytes, &st) ||
           fail_file(
               folder, name,
               "it is missing, not a regular file, too large or not readable. The folder of a device contains " KEY
               ", " FULL " (or cert.pem and chain.pem) and " ANCHORS,
               err);
}

static EVP_PKEY *read_key(const struct cg_folder *folder, struct cg_error *err)
{
    char none[] = ""; /* never asks for a passphrase */
    struct cg_bytes bytes;
    if (!read_file(folder, KEY, KEY_LIMIT, &bytes, err))
        return NULL;
    BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, none) : NULL;
    if (!key)
        fail_file(folder, KEY,
                  cg_key_kind_of(bytes.data, bytes.len) == CG_KEY_ENCRYPTED
                      ? "the key is encrypted, and nobody can type its passphrase. Store it unencrypted, mode 0600"
                      : "it contains no complete private key. Restore it, or issue a new certificate",
                  err);
    BIO_free(bio);
    ERR_clear_error();
    cg_bytes_wipe(&bytes);
    return key;
}

static bool read_certificates(const struct cg_folder *folder, const char *name, STACK_OF(X509) **out,
                              struct cg_error *err)
{
    char place[PATH_MAX];
    struct cg_bytes bytes;
    snprintf(place, sizeof place, "%.3000s/%s", folder->path, name);
    if (!read_file(folder, name, FILE_LIMIT, &bytes, err))
        return false;
    const bool ok = cg_certificates_read(place, bytes.data, bytes.len, CERTS_MAX, out, err);
    cg_bytes_free(&bytes);
    return ok;
}

/* chain.pem of a certificate that an anchor signed is empty. */
static bool read_chain(const struct cg_folder *folder, STACK_OF(X509) **out, struct cg_error *err)
{
    struct stat st;
    if (!cg_folder_stat(folder, names[AT_CHAIN], &st) || st.st_size == 0)
        return (*out = sk_X509_new_null()) || cg_fail_memory(err);
    return read_certificates(folder, names[AT_CHAIN], out, err);
}

static bool read_certificate(const struct cg_folder *folder, struct cg_device_pair *pair, struct cg_error *err)
{
    const bool is_full = has(folder, FULL);
    STACK_OF(X509) *list = NULL;
    bool ok = read_certificates(folder, is_full ? FULL : names[AT_CERT], &list, err);
    if (ok) {
        pair->cert = sk_X509_shift(list);
        if (is_full)
            pair->chain = list;
        else
            sk_X509_pop_free(list, X509_free);
        ok = is_full || read_chain(folder, &pair->chain, err);
    }
    return ok;
}

static bool is_pair(const struct cg_device_pair *pair)
{
    const bool is = pair->key && pair->cert && X509_check_private_key(pair->cert, pair->key) == 1;
    ERR_clear_error();
    return is;
}

static bool read_current(struct cg_device *device, struct cg_error *err)
{
    struct cg_device_pair *pair = &device->current;
    clear_pair(pair);
    if (!(pair->key = read_key(&device->folder, err)) || !read_certificate(&device->folder, pair, err))
        return false;
    return is_pair(pair) || fail_file(&device->folder, KEY,
                                      "it is not the key of the certificate beside it. Restore the right pair, or "
                                      "issue a new certificate",
                                      err);
}

/* What cannot be used is made again: a key of no request, or a certificate that the broker still has. */
static void read_next(struct cg_device *device)
{
    struct cg_device_pair *pair = &device->next;
    if (has(&device->fresh, KEY))
        pair->key = read_key(&device->fresh, NULL);
    if (pair->key && has(&device->fresh, FULL) && read_certificate(&device->fresh, pair, NULL) && is_pair(pair))
        return;
    X509_free(pair->cert);
    sk_X509_pop_free(pair->chain, X509_free);
    pair->cert = NULL;
    pair->chain = NULL;
}

/* ---- the anchors */

static bool is_dropped(const struct cg_device *device, const X509 *root)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    bool is = X509_digest(root, EVP_sha256(), digest, NULL) != 1;
    for (size_t i = 0; !is && i < device->ndropped; i++)
        is = memcmp(digest, device->dropped + i * CG_DEVICE_DIGEST, CG_DEVICE_DIGEST) == 0;
    return is;
}

static bool read_dropped(struct cg_device *device, struct cg_error *err)
{
    struct cg_bytes bytes;
    struct stat st;
    bool ok = true;
    if (device->store.fd < 0 || (fstatat(device->store.fd, DROPPED, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT))
        return true;
    if (!read_file(&device->store, DROPPED, DROPPED_MAX * (HEX + 1), &bytes, err))
        return false;
    const size_t count = bytes.len / (HEX + 1);
    device->dropped = calloc(count + 1, CG_DEVICE_DIGEST);
    for (size_t i = 0; ok && i < count; i++) {
        char *line = (char *)bytes.data + i * (HEX + 1);
        size_t len = 0;
        ok = device->dropped && line[HEX] == '\n';
        line[HEX] = '\0';
        ok = ok &&
             OPENSSL_hexstr2buf_ex(device->dropped + i * CG_DEVICE_DIGEST, CG_DEVICE_DIGEST, &len, line, '\0') == 1 &&
             len == CG_DEVICE_DIGEST;
    }
    ok = ok && bytes.len == count * (HEX + 1);
    device->ndropped = ok ? count : 0;
    cg_bytes_free(&bytes);
    ERR_clear_error();
    return ok || fail_file(&device->store, DROPPED,
                           "it is damaged. It lists trust anchors that must not be used any more: "
                           "restore it, or compare " ANCHORS " with the CA's and delete it",
                           err);
}

/* ---- writing */

/* PEM of one certificate, or NULL, and a list, or NULL. */
static bool pem_of(X509 *first, const STACK_OF(X509) *rest, struct cg_bytes *out, struct cg_error *err)
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

static bool key_pem(EVP_PKEY *key, struct cg_bytes *out, struct cg_error *err)
{
    char *pem = NULL;
    const bool ok = cg_key_pem(key, NULL, &pem, &out->len, err) && (out->data = malloc(out->len + 1));
    if (ok) {
        memcpy(out->data, pem, out->len);
        out->data[out->len] = '\0';
    }
    OPENSSL_clear_free(pem, out->len);
    return ok;
}

static bool put_below(const struct cg_folder *folder, const char *name, const struct cg_bytes *bytes,
                      struct cg_error *err)
{
    char path[PATH_MAX];
    const struct cg_owner owner = {(uid_t)-1, (gid_t)-1, 0600};
    snprintf(path, sizeof path, "%.3500s/%s", folder->path, name);
    return cg_write_replace_at(folder->fd, path, bytes->data, bytes->len, &owner, err);
}

bool cg_device_put_key(struct cg_device *device, EVP_PKEY *key, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    clear_pair(&device->next);
    device->next.key = key;
    const bool ok = key_pem(key, &bytes, err) && put_below(&device->fresh, KEY, &bytes, err);
    cg_bytes_wipe(&bytes);
    return ok;
}

bool cg_device_put_issued(struct cg_device *device, X509 *cert, STACK_OF(X509) *chain, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    X509_free(device->next.cert);
    sk_X509_pop_free(device->next.chain, X509_free);
    device->next.cert = cert;
    device->next.chain = chain;
    const bool ok = pem_of(cert, chain, &bytes, err) && put_below(&device->fresh, FULL, &bytes, err);
    cg_bytes_free(&bytes);
    return ok;
}

/* Mode and group of the file that is replaced; a key is never readable by others. */
static struct cg_owner owner_of(const struct cg_device *device, const char *name)
{
    const bool is_key = strcmp(name, KEY) == 0;
    struct cg_owner owner = {(uid_t)-1, (gid_t)-1, is_key ? 0600 : 0644};
    struct stat st;
    if (!cg_folder_stat(&device->folder, name, &st))
        return owner;
    owner.mode = st.st_mode & (is_key ? 0660 : 0664);
    if (!cg_owner_is_root() && st.st_gid != device->folder.st.st_gid)
        owner.gid = st.st_gid;
    return owner;
}

bool cg_device_switch(struct cg_device *device, struct cg_error *err)
{
    const struct cg_device_pair *pair = &device->next;
    struct cg_set_file files[NFILES] = {{0}};
    bool ok = key_pem(pair->key, &files[AT_KEY].bytes, err) && pem_of(pair->cert, NULL, &files[AT_CERT].bytes, err) &&
              pem_of(NULL, pair->chain, &files[AT_CHAIN].bytes, err) &&
              pem_of(pair->cert, pair->chain, &files[AT_FULL].bytes, err);
    for (size_t i = 0; i < NFILES; i++) {
        files[i].name = names[i];
        files[i].owner = owner_of(device, names[i]);
    }
    ok = ok && cg_file_set_put(&device->folder, files, NFILES, err);
    for (size_t i = 0; i < NFILES; i++)
        cg_bytes_wipe(&files[i].bytes);
    return ok;
}

bool cg_device_discard(struct cg_device *device, struct cg_error *err)
{
    static const char *const order[] = {FULL, KEY};
    clear_pair(&device->next);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (unlinkat(device->fresh.fd, order[i], 0) != 0 && errno != ENOENT)
            return cg_fail_errno(err, "delete the files in", device->fresh.path);
    return cg_sync_fd(device->fresh.fd, device->fresh.path, err);
}

void cg_device_tidy(const struct cg_device *device)
{
    cg_file_set_tidy(&device->folder);
}

static bool write_anchors(const struct cg_device *device, struct cg_error *err)
{
    struct cg_set_file file = {.name = ANCHORS, .owner = owner_of(device, ANCHORS)};
    const bool ok = pem_of(NULL, device->anchors, &file.bytes, err) &&
                    cg_file_set_put_plain(&device->folder, &file, err);
    cg_bytes_free(&file.bytes);
    return ok;
}

bool cg_device_add_anchor(struct cg_device *device, X509 *root, struct cg_error *err)
{
    if (sk_X509_num(device->anchors) >= CERTS_MAX)
        return fail_file(&device->folder, ANCHORS,
                         "it has too many certificates. Remove those of CAs that are not used", err);
    return (sk_X509_push(device->anchors, root) || cg_fail_memory(err)) && X509_up_ref(root) == 1 &&
           write_anchors(device, err);
}

static bool remember(struct cg_device *device, const unsigned char *digest, struct cg_error *err)
{
    const size_t count = device->ndropped + 1;
    unsigned char *grown = count <= DROPPED_MAX ? realloc(device->dropped, count * CG_DEVICE_DIGEST) : NULL;
    struct cg_bytes text = {grown ? calloc(count, HEX + 1) : NULL, count * (HEX + 1)};
    if (!grown)
        return cg_fail_text(err, "cannot remember another dropped trust anchor in %s/" DROPPED, device->store.path);
    device->dropped = grown;
    memcpy(grown + device->ndropped * CG_DEVICE_DIGEST, digest, CG_DEVICE_DIGEST);
    bool ok = text.data || cg_fail_memory(err);
    for (size_t i = 0; ok && i < count; i++) {
        char *line = (char *)text.data + i * (HEX + 1);
        for (size_t j = 0; j < CG_DEVICE_DIGEST; j++)
            snprintf(line + 2 * j, 3, "%02x", grown[i * CG_DEVICE_DIGEST + j]);
        line[HEX] = '\n';
    }
    ok = ok && put_below(&device->store, DROPPED, &text, err);
    device->ndropped = ok ? count : device->ndropped;
    cg_bytes_free(&text);
    return ok;
}

/* What a killed run remembered, and did not remove any more. */
static bool remove_dropped(struct cg_device *device, struct cg_error *err)
{
    const int count = sk_X509_num(device->anchors);
    for (int i = count - 1; i >= 0; i--)
        if (is_dropped(device, sk_X509_value(device->anchors, i)))
            X509_free(sk_X509_delete(device->anchors, i));
    if (sk_X509_num(device->anchors) == 0)
        return fail_file(&device->folder, ANCHORS,
                         "all its certificates were dropped as trust anchors. Copy the CA's file there", err);
    return sk_X509_num(device->anchors) == count || device->lock < 0 || write_anchors(device, err);
}

bool cg_device_drop_anchor(struct cg_device *device, const unsigned char digest[CG_DEVICE_DIGEST], struct cg_error *err)
{
    return remember(device, digest, err) && remove_dropped(device, err);
}

static bool read_anchors(struct cg_device *device, struct cg_error *err)
{
    return read_dropped(device, err) && read_certificates(&device->folder, ANCHORS, &device->anchors, err) &&
           remove_dropped(device, err);
}

/* ---- opening */

static bool assume_owner(struct cg_device *device, const char *path, struct cg_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return cg_fail_errno(err, "open the folder", path);
    device->owner = cg_owner_of(path, &st);
    if (geteuid() == 0 && st.st_uid != 0 && !device->owner.other)
        return cg_fail_text(
            err,
            "cannot use %s: its owner cannot reach it by this path, so root could be led to other files. "
            "Correct the modes of the folders above it, or its owner",
            path);
    device->before = cg_owner_enter(&device->owner);
    return true;
}

static bool open_below(struct cg_folder *folder, const struct cg_folder *above, const char *name, const char *path,
                       bool write, struct cg_error *err)
{
    folder->path = path;
    folder->fd = write ? cg_folder_below(above->fd, name, &above->st, NULL)
                       : openat(above->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder->fd < 0 && !write && errno == ENOENT)
        return true;
    return (folder->fd >= 0 && fstat(folder->fd, &folder->st) == 0) || cg_fail_errno(err, "open the folder", path);
}

static bool open_folders(struct cg_device *device, const char *path, bool write, struct cg_error *err)
{
    char *store = device->store_path, *fresh = device->fresh_path;
    snprintf(store, PATH_MAX, "%.3000s/" CG_FOLDER_STORE, path);
    snprintf(fresh, PATH_MAX, "%.3000s/" CG_FOLDER_STORE "/new", path);
    return cg_folder_open(&device->folder, path, false, err) &&
           open_below(&device->store, &device->folder, CG_FOLDER_STORE, store, write, err) &&
           (device->store.fd < 0 || open_below(&device->fresh, &device->store, "new", fresh, write, err));
}

static enum cg_device_opened lock(struct cg_device *device, struct cg_error *err)
{
    device->lock = openat(device->store.fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (device->lock >= 0 && flock(device->lock, LOCK_EX | LOCK_NB) == 0)
        return CG_DEVICE_OPENED;
    const bool is_held = device->lock >= 0 && errno == EWOULDBLOCK;
    if (is_held)
        cg_error_set(err, "another run of certguard is renewing %s. Try again when it has ended", device->folder.path);
    else
        cg_fail_errno(err, "lock", device->store.path);
    return is_held ? CG_DEVICE_IN_USE : CG_DEVICE_NOT_OPENED;
}

/* Without symbolic links, a killed run may have replaced the key alone. */
static bool finish_switch(struct cg_device *device)
{
    return device->lock >= 0 && device->next.cert && device->current.key &&
           EVP_PKEY_eq(device->current.key, device->next.key) == 1 && cg_device_switch(device, NULL);
}

static bool read_all(struct cg_device *device, struct cg_error *err)
{
    read_next(device);
    return (read_current(device, err) || (finish_switch(device) && read_current(device, err))) &&
           read_anchors(device, err);
}

enum cg_device_opened cg_device_open(struct cg_device *device, const char *path, bool write, struct cg_error *err)
{
    enum cg_device_opened opened = CG_DEVICE_OPENED;
    *device = (struct cg_device){.lock = -1, .folder.fd = -1, .store.fd = -1, .fresh.fd = -1};
    if (!assume_owner(device, path, err) || !open_folders(device, path, write, err))
        return CG_DEVICE_NOT_OPENED;
    if (write)
        opened = lock(device, err);
    return opened == CG_DEVICE_OPENED && !read_all(device, err) ? CG_DEVICE_NOT_OPENED : opened;
}

void cg_device_close(struct cg_device *device)
{
    clear_pair(&device->current);
    clear_pair(&device->next);
    sk_X509_pop_free(device->anchors, X509_free);
    free(device->dropped);
    cg_folder_close(&device->fresh);
    cg_folder_close(&device->store);
    cg_folder_close(&device->folder);
    if (device->lock >= 0)
        close(device->lock);
    if (device->owner.other)
        cg_owner_back(device->before);
}
