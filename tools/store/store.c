/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "store.h"
#include "base/failure.h"
#include "core/file/file.h"

#include <openssl/pem.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CERT_LIMIT ((size_t)1 << 20)
#define JSON_LIMIT ((size_t)1 << 16)

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
        cg_fail_openssl(err, "read the certificate", path);
    BIO_free(bio);
    cg_bytes_free(&bytes);
    return cert;
}

/* The text written to bio, which is freed. */
static char *take_text(BIO *bio, bool is_written)
{
    char *data = NULL;
    size_t len = is_written ? (size_t)BIO_get_mem_data(bio, &data) : 0;
    char *text = is_written ? strndup(data, len) : NULL;
    BIO_free(bio);
    return text;
}

char *cg_cert_pem(const X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return take_text(bio, bio && PEM_write_bio_X509(bio, cert));
}

char *cg_crl_pem(const X509_CRL *crl)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return take_text(bio, bio && PEM_write_bio_X509_CRL(bio, crl));
}

char *cg_crl_der_pem(const unsigned char *der, int len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return take_text(bio, bio && PEM_write_bio(bio, PEM_STRING_X509_CRL, "", der, len) > 0);
}

cJSON *cg_ca_json(const struct cg_ca *ca, const char *relative)
{
    char path[PATH_MAX];
    struct cg_bytes bytes;
    if (!cg_file_read(cg_ca_path(ca, path, "%s", relative), CG_FILE_PUBLIC, JSON_LIMIT, &bytes, NULL))
        return NULL;
    cJSON *object = cJSON_ParseWithLength((char *)bytes.data, bytes.len);
    cg_bytes_free(&bytes);
    return object;
}

bool cg_read_fd(int fd, size_t tail, char **text, size_t *len)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return false;
    const off_t start = tail && st.st_size > (off_t)tail ? st.st_size - (off_t)tail : 0;
    const size_t size = (size_t)(st.st_size - start);
    ssize_t n = 0;
    if (!(*text = malloc(size + 1)))
        return false;
    while (*len < size && (n = pread(fd, *text + *len, size - *len, start + (off_t)*len)) != 0) {
        if (n < 0 && errno != EINTR)
            return false;
        *len += n > 0 ? (size_t)n : 0;
    }
    (*text)[*len] = '\0';
    return true;
}

bool cg_ca_read(const struct cg_ca *ca, const char *relative, size_t tail, char **text, size_t *len,
                struct cg_error *err)
{
    char path[PATH_MAX];
    *text = NULL;
    *len = 0;
    int fd = open(cg_ca_path(ca, path, "%s", relative), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || cg_fail_errno(err, "read", path);
    bool ok = cg_read_fd(fd, tail, text, len) || cg_fail_errno(err, "read", path);
    close(fd);
    return ok;
}

bool cg_ca_from_backup(struct cg_error *err)
{
    if (!err)
        return false;
    const struct cg_error why = *err;
    return cg_fail_text(err, "%s. Restore the file from a backup of the folder; nothing was changed", why.text);
}

bool cg_ca_name_valid(const char *name, struct cg_error *err)
{
    size_t len = strlen(name);
    if (len && len <= CG_NAME_MAX && strspn(name, CG_NAME_CHARACTERS) == len && name[0] != '.' && name[0] != '-')
        return true;
    return cg_fail_text(
        err,
        "\"%s\" is not a valid name: it becomes a folder and the common name. Use 1 to %d letters, digits and "
        ". _ - @ : +, and do not start with . or -",
        name, CG_NAME_MAX);
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

void cg_ca_live_link(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_live_link *link)
{
    char path[PATH_MAX];
    struct stat st;
    const bool is_folder = lstat(cg_ca_path(ca, path, "live/%s", name), &st) == 0 && S_ISDIR(st.st_mode);
    snprintf(link->at, sizeof link->at, "live/%.*s%s", CG_NAME_MAX, name, is_folder ? "/current" : "");
    snprintf(link->to, sizeof link->to, "%s../archive/%.*s/%04u", is_folder ? "../" : "", CG_NAME_MAX, name,
             generation);
}

X509 *cg_ca_generation_cert(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_error *err)
{
    char path[PATH_MAX];
    return cg_cert_load(cg_ca_path(ca, path, "archive/%s/%04u/cert.pem", name, generation), err);
}

unsigned cg_ca_generation_of(const struct cg_ca *ca, const char *name, const X509 *cert)
{
    for (unsigned n = cg_ca_generation(ca, name); n > 0; n--) {
        X509 *other = cg_ca_generation_cert(ca, name, n, NULL);
        const bool same = other && X509_cmp(other, cert) == 0;
        X509_free(other);
        if (same)
            return n;
    }
    return 0;
}

/* It is not the newest one after a rollback. */
static unsigned copied_generation(const struct cg_ca *ca, const char *name)
{
    char path[PATH_MAX];
    X509 *copy = cg_cert_load(cg_ca_path(ca, path, "live/%s/cert.pem", name), NULL);
    const unsigned generation = copy ? cg_ca_generation_of(ca, name, copy) : 0;
    X509_free(copy);
    return generation ? generation : cg_ca_generation(ca, name);
}

bool cg_ca_live_ok(const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_live_link link;
    struct stat st;
    cg_ca_live_link(ca, name, 0, &link);
    const bool is_there = lstat(cg_ca_path(ca, path, "%s", link.at), &st) == 0;
    const bool is_in_folder = strchr(link.at + strlen("live/"), '/');
    if (is_there ? S_ISLNK(st.st_mode) : !is_in_folder)
        return true;
    return cg_fail_text(
        err,
        "%s/live/%s is not a link to a generation: the CA was copied without its links. Copy it again with cp -a, or "
        "with certguard backup and restore. If the original is lost: rm -r %s/live/%s && ln -s ../archive/%s/%04u "
        "%s/live/%s",
        ca->dir, name, ca->word, name, name, copied_generation(ca, name), ca->word, name);
}

X509 *cg_ca_live_cert(const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    char path[PATH_MAX], relative[CG_NAME_MAX + 16];
    if (!cg_ca_name_valid(name, err))
        return NULL;
    snprintf(relative, sizeof relative, "live/%s", name);
    if (!cg_ca_has(ca, relative)) {
        cg_error_set(err, "this CA has no certificate named \"%s\". List all: certguard -C %s list", name, ca->word);
        return NULL;
    }
    X509 *cert = cg_cert_load(cg_ca_path(ca, path, "live/%s/cert.pem", name), err);
    if (!cert)
        cg_ca_from_backup(err);
    return cert;
}
