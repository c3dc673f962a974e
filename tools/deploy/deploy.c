/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "deploy.h"
#include "base/failure.h"
#include "file_set.h"
#include "generation.h"
#include "target_ca.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)1 << 30)
#define KEY_LIMIT  ((size_t)1 << 20)
#define KEY        "privkey.pem"

enum { NFILES = 4 };

/* The key first: where files can only be replaced one by one, a broker that reloads in between sees the old certificate
 * with a new key, and refuses; the other way round stock Mosquitto 2.0 stops serving. */
static const char *const names[NFILES] = {KEY, "cert.pem", "chain.pem", "fullchain.pem"};

struct set {
    struct cg_set_file file[NFILES];
    size_t count;
    bool has_key; /* else it stays with whoever made the request, and the target's is left alone */
};

static void set_clear(struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        cg_bytes_wipe(&set->file[i].bytes);
    *set = (struct set){0};
}

/* ---- one generation */

static bool fits(const struct cg_bytes *key_pem, const struct cg_bytes *cert_pem)
{
    char none[] = ""; /* a sealed key is never asked for */
    BIO *key_bio = BIO_new_mem_buf(key_pem->data, (int)key_pem->len);
    BIO *cert_bio = BIO_new_mem_buf(cert_pem->data, (int)cert_pem->len);
    EVP_PKEY *key = key_bio ? PEM_read_bio_PrivateKey(key_bio, NULL, NULL, none) : NULL;
    X509 *cert = cert_bio ? PEM_read_bio_X509(cert_bio, NULL, NULL, NULL) : NULL;
    bool ok = key && cert && X509_check_private_key(cert, key) == 1;
    EVP_PKEY_free(key);
    X509_free(cert);
    BIO_free(key_bio);
    BIO_free(cert_bio);
    ERR_clear_error();
    return ok;
}

static bool is_pair(const struct cg_ca *ca, const char *name, unsigned generation, const struct set *set,
                    struct cg_error *err)
{
    for (size_t i = 1; set->has_key && i < set->count; i++) {
        const struct cg_set_file *file = &set->file[i];
        if (strcmp(file->name, "chain.pem") == 0 || fits(&set->file[0].bytes, &file->bytes))
            continue;
        cg_error_set(err,
                     "%s/archive/%s/%04u: " KEY
                     " is not the key of %s, so no broker can serve them; nothing was deployed. "
                     "Put the right key back, or make a new pair: certguard -C %s renew %s",
                     ca->dir, name, generation, file->name, ca->word, name);
        return false;
    }
    return true;
}

/* From the archive, so that all are of one generation. */
static bool read_generation(const struct cg_ca *ca, const char *name, unsigned generation, struct set *set,
                            struct cg_error *err)
{
    char path[PATH_MAX];
    bool ok = true;
    *set = (struct set){0};
    set->has_key = access(cg_ca_path(ca, path, "archive/%s/%04u/" KEY, name, generation), F_OK) == 0;
    for (size_t i = set->has_key ? 0 : 1; ok && i < NFILES; i++) {
        struct cg_set_file *file = &set->file[set->count];
        file->name = names[i];
        ok = cg_file_read(cg_ca_path(ca, path, "archive/%s/%04u/%s", name, generation, file->name),
                          i == 0 ? CG_FILE_PRIVATE_KEY : CG_FILE_PUBLIC, FILE_LIMIT, &file->bytes, err);
        set->count += ok;
    }
    return ok && is_pair(ca, name, generation, set, err);
}

/* ---- one target */

enum key { NO_KEY, SEALED_KEY, OPEN_KEY };

/* What a PEM file is that its owner may have changed; other blocks may stand before the key. */
static enum key kind_of(const struct cg_bytes *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    enum key kind = NO_KEY;
    while (bio && kind == NO_KEY && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
        const unsigned char *at = data;
        X509_SIG *sealed = strcmp(name, "ENCRYPTED PRIVATE KEY") == 0 ? d2i_X509_SIG(NULL, &at, len) : NULL;
        const bool is_key = strlen(name) >= 11 && strcmp(name + strlen(name) - 11, "PRIVATE KEY") == 0;
        if (sealed || (is_key && strstr(header, "ENCRYPTED")))
            kind = SEALED_KEY;
        else if (is_key && strcmp(name, "ENCRYPTED PRIVATE KEY") != 0)
            kind = OPEN_KEY;
        X509_SIG_free(sealed);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)len);
    }
    BIO_free(bio);
    ERR_clear_error();
    return kind;
}

/* Of a name whose key is not the CA's: the key that stands in the target must be the one. Behind a link of ours it comes
 * along. A sealed one cannot be looked at, and what is no key stays as it is, where it is no link of ours. */
static bool take_key_of_target(const struct cg_target *target, const struct cg_folder *folder, struct set *set,
                               struct cg_error *err)
{
    struct cg_set_file file = {.name = KEY};
    struct stat st;
    if (!cg_target_owner(target, cg_target_key_mode(target), &file.owner, err))
        return false;
    const bool linked = cg_folder_has_link(folder, KEY);
    errno = 0;
    if (!cg_folder_read(folder, KEY, KEY_LIMIT, &file.bytes, &st)) {
        /* the new generation would be without the key that only the target has */
        if (linked && errno != ENOENT)
            cg_error_set(err,
                         "%s/" KEY
                         " cannot be read, and the key of \"%s\" is nowhere else; nothing was changed. Run it "
                         "as root or as the owner of that file, which must be a regular one",
                         target->to, target->name);
        return !linked || errno == ENOENT;
    }
    const enum key kind = kind_of(&file.bytes);
    const bool ok = (kind == SEALED_KEY || (kind == OPEN_KEY ? fits(&file.bytes, &set->file[0].bytes) : !linked)) &&
                    (!linked || cg_file_set_may_take(folder, &file, &st));
    if (!ok)
        cg_error_set(err,
                     "%s/" KEY " is not the key of the certificate of \"%s\", whose key is not in the CA; nothing was "
                     "changed. Put the key there that the request was made with, or move that file away",
                     target->to, target->name);
    if (ok && linked)
        set->file[set->count++] = file;
    else
        cg_bytes_wipe(&file.bytes);
    return ok;
}

static bool own_files(const struct cg_target *target, struct set *set, struct cg_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < set->count; i++)
        ok = cg_target_owner(target, strcmp(set->file[i].name, KEY) == 0 ? cg_target_key_mode(target) : 0644,
                             &set->file[i].owner, err);
    return ok;
}

/* The folder of a disk that is not mounted, say, is not made anew in its place: the broker would find none of it there, and
 * nobody would know. */
static bool folder_is_there(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char word[PATH_MAX];
    if (target->is_typed || !cg_file_is_missing(target->to))
        return true;
    cg_error_set(
        err,
        "%s is gone; mount or restore it, or make it anew: certguard -C %s deploy %s --to %s. Where no broker reads "
        "it any more: certguard -C %s deploy %s --forget %s",
        target->to, ca->word, target->name, cg_target_word(target, word), ca->word, target->name, word);
    return false;
}

/* Where two names were given one folder by an earlier version, the one that is in place stays there. */
static bool is_own(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    return cg_target_is_own(ca, target, err) || cg_target_is_in_place(ca, target);
}

/* The set as it is to stand in this target; without the folder, which may be still to be made, without its key. */
static bool prepare(const struct cg_ca *ca, const struct cg_target *target, unsigned generation, struct set *set,
                    struct cg_error *err)
{
    struct cg_folder folder = {.fd = -1};
    bool ok = folder_is_there(ca, target, err) && is_own(ca, target, err) && cg_target_is_of_ca(ca, target, err) &&
              read_generation(ca, target->name, generation, set, err);
    if (ok && !set->has_key && !cg_file_is_missing(target->to))
        ok = cg_folder_open(&folder, target->to, false, err) && take_key_of_target(target, &folder, set, err);
    cg_folder_close(&folder);
    return ok && own_files(target, set, err);
}

static bool copy_ca_file(const struct cg_ca *ca, const struct cg_target *target, const struct cg_folder *folder,
                         const char *name, struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_set_file file = {.name = name};
    bool ok = cg_target_owner(target, 0644, &file.owner, err) &&
              cg_file_read(cg_ca_path(ca, path, "%s", name), CG_FILE_PUBLIC, FILE_LIMIT, &file.bytes, err) &&
              cg_file_set_put_plain(folder, &file, err);
    cg_bytes_free(&file.bytes);
    return ok;
}

static bool copy_ca_files(const struct cg_ca *ca, const struct cg_target *target, const struct cg_folder *folder,
                          struct cg_error *err)
{
    return copy_ca_file(ca, target, folder, "ca.pem", err) && copy_ca_file(ca, target, folder, "crl.pem", err);
}

/* Root has no more rights there than the owner of the CA, who says what the folders are. */
static void explain_owner(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    const struct passwd *user = getpwuid(ca->owner.uid);
    char number[24];
    snprintf(number, sizeof number, "%lu", (unsigned long)ca->owner.uid);
    const struct cg_error why = *err;
    cg_error_set(
        err,
        "%s; user %s owns the CA's folder, and for another user's CA root deploys with that user's rights. Let "
        "that user write %s and, for --owner and --group, be it or belong to it",
        why.text, user ? user->pw_name : number, target->to);
}

/* A unit writes only where it was told to when it was installed; the folder may be newer. */
static void explain(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char path[PATH_MAX];
    char *slash;
    if (ca->owner.other) {
        explain_owner(ca, target, err);
        return;
    }
    snprintf(path, sizeof path, "%s", target->to);
    while (access(path, W_OK) != 0 && errno == ENOENT && (slash = strrchr(path, '/')) && slash != path)
        *slash = '\0';
    if (access(path, W_OK) == 0 || errno != EROFS)
        return;
    if (getenv("INVOCATION_ID") || access("/etc/systemd/system/certguard-renew.service", F_OK) == 0)
        cg_error_set(
            err,
            "%s cannot be written: the file system is read-only. A unit may write only the folders that were "
            "known when it was installed: run certguard -C %s install-units again. Without units, mount it writable",
            target->to, ca->word);
    else
        cg_error_set(
            err, "%s cannot be written: the file system is read-only; mount it writable, or deploy to another folder",
            target->to);
}

/* Who was revoked must be known there also where the new certificate cannot be put. */
static bool put_all(const struct cg_ca *ca, const struct cg_target *target, const struct set *set, struct cg_error *err)
{
    struct cg_folder folder;
    struct cg_error second = {""};
    if (!cg_folder_open(&folder, target->to, true, err))
        return false;
    bool ok = cg_file_set_put(&folder, set->file, set->count, err);
    if (!copy_ca_files(ca, target, &folder, ok ? err : &second))
        ok = false;
    cg_folder_close(&folder);
    return ok;
}

static bool deploy_one(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    struct set set = {0};
    bool ok = prepare(ca, target, cg_generation_live(ca, target->name), &set, err);
    if (ok && !(ok = put_all(ca, target, &set, err)))
        explain(ca, target, err);
    set_clear(&set);
    return ok;
}

/* ---- all of them */

struct rounds {
    size_t done, failed;
    struct cg_error first;
};

static void note(struct rounds *rounds, bool ok, const struct cg_error *fault)
{
    rounds->done += ok;
    if (!ok && !rounds->failed++)
        rounds->first = *fault;
}

static bool told(const struct rounds *rounds, struct cg_error *err)
{
    if (rounds->failed && rounds->failed + rounds->done == 1)
        cg_error_set(err, "%s", rounds->first.text);
    else if (rounds->failed)
        cg_error_set(err, "%zu of %zu folders failed, the first so: %s", rounds->failed, rounds->failed + rounds->done,
                     rounds->first.text);
    return !rounds->failed;
}

bool cg_deploy_check(const struct cg_ca *ca, const struct cg_targets *targets, unsigned generation,
                     struct cg_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < targets->count; i++) {
        struct set set = {0};
        ok = prepare(ca, &targets->item[i], generation, &set, err);
        set_clear(&set);
    }
    return ok;
}

bool cg_deploy_name(const struct cg_ca *ca, const struct cg_targets *targets, struct cg_error *err)
{
    struct rounds rounds = {0};
    for (size_t i = 0; i < targets->count; i++) {
        struct cg_error fault = {""};
        note(&rounds, deploy_one(ca, &targets->item[i], &fault), &fault);
    }
    return told(&rounds, err);
}

bool cg_deploy_and_remember(const struct cg_ca *ca, const char *name, const struct cg_targets *targets,
                            struct cg_error *err)
{
    struct cg_change change = {0};
    bool ok = cg_deploy_name(ca, targets, err) && cg_change_begin(&change, ca, false, err) &&
              cg_targets_remember(&change, name, targets, err) && cg_change_commit(&change, err);
    cg_change_end(&change);
    return ok;
}

static bool is_there(const struct cg_target *target, const struct set *set)
{
    struct cg_folder folder;
    bool there = cg_folder_open(&folder, target->to, false, NULL) &&
                 cg_file_set_is_there(&folder, set->file, set->count);
    cg_folder_close(&folder);
    return there;
}

bool cg_deploy_is_done(const struct cg_ca *ca, const char *name, bool *done, struct cg_error *err)
{
    struct cg_targets targets;
    bool ok = cg_targets_load(ca, name, &targets, err);
    *done = ok;
    for (size_t i = 0; ok && i < targets.count; i++) {
        struct set set = {0};
        ok = read_generation(ca, name, cg_generation_live(ca, name), &set, err) &&
             own_files(&targets.item[i], &set, err);
        *done = *done && ok && is_there(&targets.item[i], &set);
        set_clear(&set);
    }
    cg_targets_clear(&targets);
    return ok;
}

/* One folder that is gone must not keep the others from knowing what was revoked. */
static bool deploy_crl_to(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    struct rounds *rounds = context;
    struct cg_error fault = {""};
    struct cg_folder folder = {.fd = -1};
    const bool there = folder_is_there(ca, target, &fault);
    const bool ok = there && cg_target_is_of_ca(ca, target, &fault) &&
                    cg_folder_open(&folder, target->to, false, &fault) && copy_ca_files(ca, target, &folder, &fault);
    (void)err;
    cg_folder_close(&folder);
    if (there && !ok)
        explain(ca, target, &fault);
    note(rounds, ok, &fault);
    return true;
}

bool cg_deploy_crl(const struct cg_ca *ca, size_t *count, struct cg_error *err)
{
    struct rounds rounds = {0};
    struct cg_error damaged = {""};
    bool ok = cg_target_visit(ca, deploy_crl_to, &rounds, &damaged, err);
    if (damaged.text[0])
        note(&rounds, false, &damaged);
    *count = rounds.done;
    if (ok && rounds.failed) {
        cg_error_set(err, "%zu of %zu folders did not get the CRL: %s", rounds.failed, rounds.failed + rounds.done,
                     rounds.first.text);
        ok = false;
    }
    return ok;
}
