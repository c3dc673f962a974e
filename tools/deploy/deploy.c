/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "deploy.h"
#include "base/array.h"
#include "base/failure.h"
#include "ca/key.h"
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

/* The key is first: if files can only be replaced one by one, a broker that reloads in between sees the old certificate with
 * a new key, and keeps its previous pair; in the opposite order, stock Mosquitto 2.0 stops serving. */
static const char *const names[NFILES] = {KEY, "cert.pem", "chain.pem", "fullchain.pem"};

/* The CA's, in this order. */
static const struct {
    const char *name;
    enum cg_part part;
} ca_files[] = {{"ca.pem", CG_PART_CA}, {"crl.pem", CG_PART_CRL}};

struct set {
    struct cg_set_file file[NFILES];
    size_t count;
    bool has_key; /* else the maker of the request has it, and the target's key is not changed */
};

static void set_clear(struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        cg_bytes_wipe(&set->file[i].bytes);
    *set = (struct set){0};
}

/* ---- one generation */

static bool is_key_of(const struct cg_bytes *key_pem, const struct cg_bytes *cert_pem)
{
    char none[] = ""; /* never asks for a passphrase */
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
        if (strcmp(file->name, "chain.pem") == 0 || is_key_of(&set->file[0].bytes, &file->bytes))
            continue;
        return cg_fail_text(err,
                            "cannot deploy %s/archive/%s/%04u: " KEY
                            " is not the key of %s. Nothing was deployed. Restore the "
                            "right key, or make a new pair: certguard -C %s renew %s",
                            ca->dir, name, generation, file->name, ca->word, name);
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

/* If the CA does not have the key of a name, the key in the target must match its certificate. A key behind one of our links
 * is copied to the new generation. An encrypted key cannot be checked; a file that is not a key is not changed unless it is
 * behind one of our links. */
static bool add_key_of_target(const struct cg_target *target, const struct cg_folder *folder, struct set *set,
                              struct cg_error *err)
{
    struct cg_set_file file = {.name = KEY};
    struct stat st;
    if (!cg_target_owner(target, cg_target_key_mode(target), &file.owner, err))
        return false;
    const bool linked = cg_folder_has_link(folder, KEY);
    errno = 0;
    if (!cg_folder_read(folder, KEY, KEY_LIMIT, &file.bytes, &st)) {
        /* only the target has the key, and the new generation needs it */
        if (linked && errno != ENOENT)
            cg_error_set(err,
                         "cannot read %s/" KEY
                         ", the only copy of the key of \"%s\". Nothing was changed. Run certguard as "
                         "root or as the owner of that file, which must be a regular file",
                         target->to, target->name);
        return !linked || errno == ENOENT;
    }
    const enum cg_key_kind kind = cg_key_kind_of(file.bytes.data, file.bytes.len);
    const bool is_right = kind == CG_KEY_PLAIN ? is_key_of(&file.bytes, &set->file[0].bytes)
                                               : kind == CG_KEY_ENCRYPTED || !linked;
    const bool ok = is_right && (!linked || cg_file_set_may_copy(folder, &file, &st));
    if (!ok)
        cg_error_set(err,
                     "%s/" KEY
                     " is not the key of the certificate of \"%s\", and the CA does not have that key. Nothing "
                     "was changed. Put the key of the request there, or move that file away",
                     target->to, target->name);
    if (ok && linked)
        set->file[set->count++] = file;
    else
        cg_bytes_wipe(&file.bytes);
    return ok;
}

static bool set_owners(const struct cg_target *target, struct set *set, struct cg_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < set->count; i++)
        ok = cg_target_owner(target, strcmp(set->file[i].name, KEY) == 0 ? cg_target_key_mode(target) : 0644,
                             &set->file[i].owner, err);
    return ok;
}

/* A missing folder may be on a disk that is not mounted: it is not created again, since the broker would not read it. */
static bool folder_exists(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char word[PATH_MAX];
    if (target->is_typed || !cg_file_is_missing(target->to))
        return true;
    return cg_fail_text(
        err,
        "the folder %s is missing. Mount or restore it, or create it: certguard -C %s deploy %s --to %s. If no "
        "broker reads it any more: certguard -C %s deploy %s --forget %s",
        target->to, ca->word, target->name, cg_target_word(target, word), ca->word, target->name, word);
}

/* If the folders of two names became one, by a link for example, the name that is in place keeps it. */
static bool is_own(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    return cg_target_is_own(ca, target, err) || cg_target_is_in_place(ca, target);
}

/* The set for this target; without a key if the folder does not exist yet. */
static bool prepare(const struct cg_ca *ca, const struct cg_target *target, unsigned generation, struct set *set,
                    struct cg_error *err)
{
    struct cg_folder folder = {.fd = -1};
    bool ok = folder_exists(ca, target, err) && is_own(ca, target, err) && cg_target_is_of_ca(ca, target, err) &&
              read_generation(ca, target->name, generation, set, err);
    if (ok && !set->has_key && !cg_file_is_missing(target->to))
        ok = cg_folder_open(&folder, target->to, false, err) && add_key_of_target(target, &folder, set, err);
    cg_folder_close(&folder);
    return ok && set_owners(target, set, err);
}

static bool read_ca_files(const struct cg_ca *ca, const struct cg_target *target, struct set *set, struct cg_error *err)
{
    char path[PATH_MAX];
    bool ok = true;
    for (size_t i = 0; ok && i < CG_COUNT(ca_files); i++) {
        struct cg_set_file *file = &set->file[set->count];
        file->name = ca_files[i].name;
        ok = cg_target_owner(target, 0644, &file->owner, err) &&
             cg_file_read(cg_ca_path(ca, path, "%s", file->name), CG_FILE_PUBLIC, FILE_LIMIT, &file->bytes, err);
        set->count += ok;
    }
    return ok;
}

/* Records what is about to change there, if there is a hook. */
static bool mark(const struct cg_ca *ca, struct cg_target *target, const struct cg_folder *folder,
                 const struct set *pair, const struct set *plain, struct cg_error *err)
{
    unsigned parts = 0;
    if (!target->hook)
        return true;
    if (!cg_file_set_is_there(folder, pair->file, pair->count))
        parts = CG_PART_CERTIFICATE;
    for (size_t i = 0; i < plain->count; i++)
        if (!cg_file_set_is_there(folder, &plain->file[i], 1))
            parts |= ca_files[i].part;
    return cg_target_mark(ca, target, parts, err);
}

/* Copies the files of the CA even if the new certificate cannot be written. pair is empty for a CRL alone. */
static bool put_files(const struct cg_ca *ca, struct cg_target *target, const struct cg_folder *folder,
                      const struct set *pair, struct cg_error *err)
{
    struct set plain = {0};
    struct cg_error second = {""};
    bool readable = read_ca_files(ca, target, &plain, &second), ok = mark(ca, target, folder, pair, &plain, err);
    if (ok) {
        ok = !pair->count || cg_file_set_put(folder, pair->file, pair->count, err);
        for (size_t i = 0; readable && i < plain.count; i++)
            readable = cg_file_set_put_plain(folder, &plain.file[i], &second);
    }
    set_clear(&plain);
    if (ok && !readable)
        cg_error_set(err, "%s", second.text);
    return ok && readable;
}

/* Root has only the rights of the CA's owner there, who chooses the folders. */
static void explain_owner(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    const struct passwd *user = getpwuid(ca->owner.uid);
    char number[24];
    snprintf(number, sizeof number, "%lu", (unsigned long)ca->owner.uid);
    const struct cg_error why = *err;
    cg_error_set(
        err,
        "%s. User %s owns the CA's folder, so root deploys with that user's rights. Let that user write %s, and use "
        "only that user for --owner and its groups for --group",
        why.text, user ? user->pw_name : number, target->to);
}

/* A unit may only write folders that were known when it was installed. */
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
            "cannot write to %s: the file system is read-only. A unit may only write folders that were known when "
            "it was installed. Run certguard -C %s install-units again. Without units, mount it writable",
            target->to, ca->word);
    else
        cg_error_set(err,
                     "cannot write to %s: the file system is read-only. Mount it writable, or deploy to another folder",
                     target->to);
}

static bool put_all(const struct cg_ca *ca, struct cg_target *target, const struct set *pair, struct cg_error *err)
{
    struct cg_folder folder;
    const bool ok = cg_folder_open(&folder, target->to, pair->count, err) && put_files(ca, target, &folder, pair, err);
    cg_folder_close(&folder);
    return ok;
}

static bool deploy_one(const struct cg_ca *ca, struct cg_target *target, struct cg_error *err)
{
    struct set set = {0};
    bool ok = prepare(ca, target, cg_generation_live(ca, target->name), &set, err);
    if (ok && !(ok = put_all(ca, target, &set, err)))
        explain(ca, target, err);
    set_clear(&set);
    return ok;
}

/* ---- all of them */

struct tally {
    size_t done, failed;
    struct cg_error first;
};

static void count(struct tally *tally, bool ok, const struct cg_error *fault)
{
    tally->done += ok;
    if (!ok && !tally->failed++)
        tally->first = *fault;
}

static bool report(const struct tally *tally, const char *what, struct cg_error *err)
{
    if (tally->failed && tally->failed + tally->done == 1)
        cg_error_set(err, "%s", tally->first.text);
    else if (tally->failed)
        cg_error_set(err, "%s failed for %zu of %zu folders. The first error: %s", what, tally->failed,
                     tally->failed + tally->done, tally->first.text);
    return !tally->failed;
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

bool cg_deploy_name(const struct cg_ca *ca, struct cg_targets *targets, struct cg_error *err)
{
    struct tally tally = {0};
    for (size_t i = 0; i < targets->count; i++) {
        struct cg_error fault = {""};
        count(&tally, deploy_one(ca, &targets->item[i], &fault), &fault);
    }
    return report(&tally, "deployment", err);
}

bool cg_deploy_and_remember(const struct cg_ca *ca, const char *name, struct cg_targets *targets, struct cg_error *err)
{
    return cg_deploy_name(ca, targets, err) && cg_targets_remember(ca, name, targets, err);
}

static bool is_there(const struct cg_target *target, const struct set *set)
{
    struct cg_folder folder;
    bool there = cg_folder_open(&folder, target->to, false, NULL) &&
                 cg_file_set_is_there(&folder, set->file, set->count);
    cg_folder_close(&folder);
    return there;
}

bool cg_deploy_target_is_done(const struct cg_ca *ca, const struct cg_target *target, bool *done, struct cg_error *err)
{
    struct set set = {0};
    const bool ok = read_generation(ca, target->name, cg_generation_live(ca, target->name), &set, err) &&
                    set_owners(target, &set, err);
    *done = ok && is_there(target, &set);
    set_clear(&set);
    return ok;
}

bool cg_deploy_is_done(const struct cg_ca *ca, const char *name, bool *done, struct cg_error *err)
{
    struct cg_targets targets;
    bool ok = cg_targets_load(ca, name, &targets, err);
    *done = ok;
    for (size_t i = 0; ok && i < targets.count; i++) {
        bool is_there = false;
        ok = cg_deploy_target_is_done(ca, &targets.item[i], &is_there, err);
        *done = *done && is_there && !cg_target_is_pending(&targets.item[i]);
    }
    cg_targets_clear(&targets);
    return ok;
}

/* A missing folder does not stop the CRL for the others. */
static bool deploy_crl_to(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    struct cg_error fault = {""};
    struct cg_target changed = *target; /* with its texts */
    const struct set none = {0};
    const bool exists = folder_exists(ca, target, &fault);
    const bool ok = exists && cg_target_is_of_ca(ca, target, &fault) && put_all(ca, &changed, &none, &fault);
    (void)err;
    if (exists && !ok)
        explain(ca, target, &fault);
    count(context, ok, &fault);
    return true;
}

bool cg_deploy_crl(const struct cg_ca *ca, size_t *ntargets, struct cg_error *err)
{
    struct tally tally = {0};
    struct cg_error damaged = {""};
    bool ok = cg_target_visit(ca, deploy_crl_to, &tally, &damaged, err);
    if (damaged.text[0])
        count(&tally, false, &damaged);
    *ntargets = tally.done;
    return ok && report(&tally, "deployment of the CRL", err);
}
