/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "unpack.h"
#include "archive_entry.h"
#include "base/failure.h"
#include "change.h"
#include "core/file/file.h"

#include <archive.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL       1024     /* zero bytes at the end of every tar file */
#define STAGED     "backup" /* in stage/ */
#define KEY_LIMIT  ((size_t)64 << 10)
#define FILE_LIMIT INT64_C(2000000000) /* an index of 10 million certificates */
#define TOP_LEVELS 64                  /* entries directly in the folder; a CA has 15 */

struct unpack {
    const struct cg_ca *ca;
    const struct cg_unpack_request *request;
    struct archive *in;
    int64_t size; /* of the archive */
    struct cg_change change;
    struct cg_archive_names names;
    char *top[TOP_LEVELS];
    size_t ntop;
    mode_t mode; /* of the folder */
};

/* ---- the folder ---- */

/* Left by a run that was killed, or made by mkfs. */
static bool is_ignored(const char *name)
{
    static const char *const names[] = {".", "..", "lock", "stage", "pending.new", "lost+found"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool cg_unpack_has_room(const char *dir, struct cg_error *err)
{
    char found[256] = "";
    DIR *folder = opendir(dir);
    if (!folder)
        return errno == ENOENT || cg_fail_errno(err, "open", dir);
    for (struct dirent *e; (e = readdir(folder));)
        if (!is_ignored(e->d_name))
            snprintf(found, sizeof found, "%s", e->d_name);
    closedir(folder);
    return !*found ||
           cg_fail_text(
               err,
               "cannot restore to %s: the folder is not empty, it contains \"%s\". Name a new folder with -C, or "
               "move this one away first; restore overwrites nothing",
               dir, found);
}

/* ---- the archive ---- */

static bool damaged(const struct unpack *u, struct cg_error *err)
{
    const char *why = archive_error_string(u->in);
    return cg_fail_text(err, "it is damaged or truncated%s%s", why ? ": " : "", why ? why : "");
}

/* libarchive accepts an archive that was truncated between two entries. */
static bool has_end(int fd, int64_t size)
{
    static const char zero[TAIL];
    char tail[TAIL];
    return size >= TAIL && pread(fd, tail, TAIL, (off_t)(size - TAIL)) == TAIL && memcmp(tail, zero, TAIL) == 0;
}

static bool open_archive(struct unpack *u, int fd, struct cg_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return cg_fail_text(err, "it is not a file");
    u->size = st.st_size;
    u->in = archive_read_new();
    if (!u->in)
        return cg_fail_memory(err);
    if (archive_read_support_format_tar(u->in) != ARCHIVE_OK || archive_read_open_fd(u->in, fd, 65536) != ARCHIVE_OK)
        return cg_fail_text(err, "it is not a tar file. If it is compressed, decompress it first");
    return has_end(fd, u->size) || damaged(u, err);
}

/* The data of the entry, malloc'ed and NUL-terminated. */
static char *read_data(const struct unpack *u, size_t size, struct cg_error *err)
{
    char *data = malloc(size + 1);
    size_t done = 0;
    la_ssize_t n = 0;
    if (!data) {
        cg_fail_memory(err);
        return NULL;
    }
    while (done < size && (n = archive_read_data(u->in, data + done, size - done)) > 0)
        done += (size_t)n;
    data[done] = '\0';
    if (done == size)
        return data;
    damaged(u, err);
    free(data);
    return NULL;
}

/* ---- one entry ---- */

static bool stage_folder(const struct unpack *u, const char *staged, mode_t mode, struct cg_error *err)
{
    char path[PATH_MAX];
    mode = (mode & 0777) | 0700; /* else its files could not be written */
    return cg_change_stage_folder(&u->change, staged, mode, err) &&
           (chmod(cg_ca_path(u->ca, path, "stage/%s", staged), mode) == 0 ||
            cg_fail_errno(err, "set the mode of", path));
}

static bool stage_file(const struct unpack *u, const char *staged, struct archive_entry *entry, struct cg_error *err)
{
    const size_t size = (size_t)archive_entry_size(entry);
    char *data = read_data(u, size, err);
    const bool ok = data && (u->ca->options.dry_run || cg_change_stage_file(&u->change, staged, data, size,
                                                                            archive_entry_perm(entry) & 0777, err));
    if (data)
        OPENSSL_cleanse(data, size);
    free(data);
    return ok;
}

static bool stage(const struct unpack *u, const char *name, struct archive_entry *entry, struct cg_error *err)
{
    char staged[CG_ARCHIVE_NAME_SIZE + 16];
    const mode_t type = archive_entry_filetype(entry);
    snprintf(staged, sizeof staged, STAGED "/%s", name);
    if (type == AE_IFREG)
        return stage_file(u, staged, entry, err);
    if (u->ca->options.dry_run || !*name)
        return true;
    return type == AE_IFDIR ? stage_folder(u, staged, archive_entry_perm(entry), err)
                            : cg_change_stage_link(&u->change, staged, archive_entry_symlink(entry), err);
}

static bool keep_top(struct unpack *u, const char *name, struct cg_error *err)
{
    if (!*name || strchr(name, '/'))
        return true;
    if (u->ntop == TOP_LEVELS)
        return cg_fail_text(err, "it has more than %d files and folders beside each other, and is not of a CA",
                            TOP_LEVELS);
    return (u->top[u->ntop] = strdup(name)) ? ++u->ntop : cg_fail_memory(err);
}

static bool take_entry(struct unpack *u, struct archive_entry *entry, struct cg_error *err)
{
    const char *name = cg_archive_take(&u->names, entry, u->size < FILE_LIMIT ? u->size : FILE_LIMIT, err);
    if (!name)
        return false;
    cg_progress(u->request->progress, u->names.count, 0);
    if (!*name)
        u->mode = archive_entry_perm(entry) & 0755;
    if (u->request->entry)
        u->request->entry(u->request->context, name);
    return keep_top(u, name, err) && stage(u, name, entry, err);
}

static bool take_all(struct unpack *u, struct cg_error *err)
{
    struct archive_entry *entry = NULL;
    int code = ARCHIVE_OK;
    while ((code = archive_read_next_header(u->in, &entry)) == ARCHIVE_OK)
        if (!take_entry(u, entry, err))
            return false;
    return code == ARCHIVE_EOF || damaged(u, err);
}

/* ---- the CA ---- */

static int no_passphrase(char *out, int size, int writing, void *context)
{
    (void)out, (void)size, (void)writing, (void)context;
    return -1;
}

/* An encrypted key, and one that is elsewhere, are not examined. */
static bool key_fits(const struct cg_ca *ca, const char *folder, const X509 *cert, struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_bytes bytes = {0};
    cg_secrets_lock();
    if (!cg_file_read(cg_ca_path(ca, path, "stage/" STAGED "/%s/key.pem", folder), CG_FILE_PRIVATE_KEY, KEY_LIMIT,
                      &bytes, NULL))
        return true;
    BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    const bool fits = !key || X509_check_private_key(cert, key) == 1;
    ERR_clear_error();
    EVP_PKEY_free(key);
    BIO_free(bio);
    cg_bytes_wipe(&bytes);
    return fits || cg_fail_text(err, "its %s/key.pem is not the key of %s/cert.pem", folder, folder);
}

static bool is_ca(const struct unpack *u, struct cg_error *err)
{
    char path[PATH_MAX];
    X509 *cert = cg_cert_load(cg_ca_path(u->ca, path, "stage/" STAGED "/ca/cert.pem"), err);
    X509 *root = cert ? cg_cert_load(cg_ca_path(u->ca, path, "stage/" STAGED "/ca.pem"), err) : NULL;
    const bool ok = cert && root && key_fits(u->ca, "ca", cert, err) &&
                    (X509_cmp(cert, root) == 0 || key_fits(u->ca, "root", root, err));
    X509_free(cert);
    X509_free(root);
    return ok;
}

/* ca/ is last: ca/cert.pem makes the folder a CA. */
static bool move_all(struct unpack *u, struct cg_error *err)
{
    char staged[CG_ARCHIVE_NAME_SIZE + 16];
    bool ok = true;
    for (int last = 0; last < 2; last++)
        for (size_t i = 0; ok && i < u->ntop; i++) {
            snprintf(staged, sizeof staged, STAGED "/%s", u->top[i]);
            if ((strcmp(u->top[i], "ca") == 0) == last)
                ok = cg_change_move(&u->change, staged, u->top[i], err);
        }
    return ok;
}

static bool unpack(struct unpack *u, int fd, struct cg_error *err)
{
    const bool is_real = !u->ca->options.dry_run;
    return open_archive(u, fd, err) &&
           (!is_real || (cg_change_begin(&u->change, u->ca, true, err) && stage_folder(u, STAGED, 0700, err))) &&
           take_all(u, err) && (!is_real || (is_ca(u, err) && move_all(u, err)));
}

static int open_file(const char *path)
{
    const struct cg_file_user before = cg_owner_outside();
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    cg_owner_back(before);
    return fd;
}

bool cg_ca_unpack(const struct cg_ca *ca, const struct cg_unpack_request *request, size_t *entries,
                  struct cg_error *err)
{
    struct unpack u = {.ca = ca, .request = request, .mode = 0700};
    const int fd = open_file(request->file);
    if (fd < 0)
        return cg_fail_errno(err, "open", request->file);
    bool ok = unpack(&u, fd, err);
    if (!ok)
        cg_error_prefix(err, "cannot restore %s", request->file);
    if (!ca->options.dry_run) {
        ok = ok && (chmod(ca->dir, u.mode) == 0 || cg_fail_errno(err, "set the mode of", ca->dir));
        ok = cg_change_end(&u.change, ok, err);
    }
    *entries = u.names.count;
    archive_read_free(u.in);
    cg_archive_names_free(&u.names);
    while (u.ntop)
        free(u.top[--u.ntop]);
    close(fd);
    return ok;
}
