/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "store.h"
#include "base/failure.h"
#include "ca/key.h"
#include "deploy/file_set.h"
#include "files.h"

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

#define KEY       "privkey.pem"
#define FULL      "fullchain.pem"
#define KEY_LIMIT ((size_t)64 << 10)

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

static EVP_PKEY *read_key(const struct cg_folder *folder, struct cg_error *err)
{
    char none[] = ""; /* never asks for a passphrase */
    struct cg_bytes bytes;
    if (!cg_device_read(folder, KEY, KEY_LIMIT, &bytes, err))
        return NULL;
    BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, none) : NULL;
    if (!key)
        cg_device_fail_file(
            folder, KEY,
            cg_key_kind_of(bytes.data, bytes.len) == CG_KEY_ENCRYPTED
                ? "the key is encrypted, and nobody can type its passphrase. Store it unencrypted, mode 0600"
                : "it contains no complete private key. Restore it, or issue a new certificate",
            err);
    BIO_free(bio);
    ERR_clear_error();
    cg_bytes_wipe(&bytes);
    return key;
}

/* chain.pem of a certificate that an anchor signed is empty. */
static bool read_chain(const struct cg_folder *folder, STACK_OF(X509) **out, struct cg_error *err)
{
    struct stat st;
    if (!cg_folder_stat(folder, names[AT_CHAIN], &st) || st.st_size == 0)
        return (*out = sk_X509_new_null()) || cg_fail_memory(err);
    return cg_device_certificates(folder, names[AT_CHAIN], out, err);
}

static bool read_certificate(const struct cg_folder *folder, struct cg_device_pair *pair, struct cg_error *err)
{
    const bool is_full = cg_device_has(folder, FULL);
    STACK_OF(X509) *list = NULL;
    bool ok = cg_device_certificates(folder, is_full ? FULL : names[AT_CERT], &list, err);
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
    return is_pair(pair) ||
           cg_device_fail_file(&device->folder, KEY,
                               "it is not the key of the certificate beside it. Restore the right pair, or "
                               "issue a new certificate",
                               err);
}

/* A key that cannot be read now may be that of a request: with another one, the CA would get a second request. */
static bool is_readable(const struct cg_folder *folder, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    const bool ok = cg_device_read(folder, KEY, KEY_LIMIT, &bytes, NULL);
    cg_bytes_wipe(&bytes);
    return ok || cg_device_fail_file(folder, KEY,
                                     "it cannot be read, and the CA may have a request for this key. Correct its owner "
                                     "and mode; only if it is damaged, delete it",
                                     err);
}

/* What is damaged is made again: a key of no request, or a certificate that the broker still has. */
static bool read_next(struct cg_device *device, struct cg_error *err)
{
    struct cg_device_pair *pair = &device->next;
    if (!cg_device_has(&device->fresh, KEY))
        return true;
    if (!is_readable(&device->fresh, err))
        return false;
    pair->key = read_key(&device->fresh, NULL);
    if (pair->key && cg_device_has(&device->fresh, FULL) && read_certificate(&device->fresh, pair, NULL) &&
        is_pair(pair))
        return true;
    X509_free(pair->cert);
    sk_X509_pop_free(pair->chain, X509_free);
    pair->cert = NULL;
    pair->chain = NULL;
    return true;
}

/* ---- writing */

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

bool cg_device_put_key(struct cg_device *device, EVP_PKEY *key, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    clear_pair(&device->next);
    device->next.key = key;
    const bool ok = key_pem(key, &bytes, err) && cg_device_write(&device->fresh, KEY, &bytes, err);
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
    const bool ok = cg_device_pem(cert, chain, &bytes, err) && cg_device_write(&device->fresh, FULL, &bytes, err);
    cg_bytes_free(&bytes);
    return ok;
}

bool cg_device_switch(struct cg_device *device, struct cg_error *err)
{
    const struct cg_device_pair *pair = &device->next;
    struct cg_set_file files[NFILES] = {{0}};
    bool ok = key_pem(pair->key, &files[AT_KEY].bytes, err) &&
              cg_device_pem(pair->cert, NULL, &files[AT_CERT].bytes, err) &&
              cg_device_pem(NULL, pair->chain, &files[AT_CHAIN].bytes, err) &&
              cg_device_pem(pair->cert, pair->chain, &files[AT_FULL].bytes, err);
    for (size_t i = 0; i < NFILES; i++) {
        files[i].name = names[i];
        files[i].owner = cg_device_owner(&device->folder, names[i], i == AT_KEY);
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
    device->trust = (struct cg_device_trust){&device->folder, &device->store, device->lock >= 0, NULL, NULL, 0};
    return read_next(device, err) &&
           (read_current(device, err) || (finish_switch(device) && read_current(device, err))) &&
           cg_device_trust_read(&device->trust, err);
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
    cg_device_trust_clear(&device->trust);
    cg_folder_close(&device->fresh);
    cg_folder_close(&device->store);
    cg_folder_close(&device->folder);
    if (device->lock >= 0)
        close(device->lock);
    if (device->owner.other)
        cg_owner_back(device->before);
}
