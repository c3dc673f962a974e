/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "open.h"
#include "base/array.h"
#include "base/atomic_write.h"
#include "base/filesystem.h"
#include "change.h"
#include "clock.h"
#include "core/file/file.h"
#include "index_check.h"
#include "lock.h"
#include "trial.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool load_certs(struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX];
    return ((ca->cert = cg_cert_load(cg_ca_path(ca, path, "ca/cert.pem"), err)) &&
            (ca->root = cg_cert_load(cg_ca_path(ca, path, "ca.pem"), err))) ||
           cg_ca_from_backup(err);
}

/* A folder with one of these files once had a CA whose certificate is lost, so no new one is made in it. While a change is
 * in progress, its files appear one by one. */
static bool has_parts(const struct cg_ca *ca, struct cg_error *err)
{
    static const char *const parts[] = {"ca/key.pem", "ca/key.uri", "root/key.pem", "index.txt", "journal.jsonl"};
    if (cg_ca_has(ca, "pending"))
        return false;
    for (size_t i = 0; i < CG_COUNT(parts); i++)
        if (cg_ca_has(ca, parts[i])) {
            cg_error_set(err, "%s contains %s of a CA, but the CA's certificate ca/cert.pem is missing", ca->dir,
                         parts[i]);
            return !cg_ca_from_backup(err);
        }
    return false;
}

/* Distinguishes a missing CA from a folder that our user may not search. */
static void explain_absence(const struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX], us[CG_FILE_USER_MAX];
    struct stat st;
    const struct passwd *owner = stat(ca->dir, &st) == 0 ? getpwuid(st.st_uid) : NULL;
    if (cg_file_is_missing(cg_ca_path(ca, path, "ca/cert.pem"))) {
        cg_error_set(err,
                     "there is no CA in %s. Name the right folder with -C, or make a CA with: certguard -C %s init",
                     ca->dir, ca->word);
        return;
    }
    cg_file_user(us);
    cg_error_set(err,
                 "cannot open %s: user %s has no access. Run it as the owner of the CA: sudo -u %s certguard -C %s ...",
                 ca->dir, us, owner ? owner->pw_name : "USER", ca->word);
}

static enum cg_ca_result open_folder(struct cg_ca *ca, enum cg_ca_use use, struct cg_error *err)
{
    const bool dry_run = ca->options.dry_run;
    struct stat st;
    if (use == CG_CA_CREATE && !dry_run && !cg_make_folders(ca->dir, 0700, err))
        return CG_CA_FAILED;
    if (stat(ca->dir, &st) != 0) {
        if (use == CG_CA_CREATE)
            return CG_CA_OK;
        explain_absence(ca, err);
        return CG_CA_FAILED;
    }
    if (st.st_mode & 022) {
        const char *no_modes = cg_filesystem_without_modes(ca->dir);
        cg_error_set(err, "other users can change %s (mode %04o)%s%s", ca->dir, (unsigned)st.st_mode & 07777,
                     *no_modes ? no_modes : ". Fix it with: chmod 700 ", *no_modes ? "" : ca->word);
        return CG_CA_FAILED;
    }
    ca->owner = cg_owner_of(ca->dir, &st);
    cg_owner_assume(&ca->owner); /* until close */
    if (use == CG_CA_READ || dry_run)
        return CG_CA_OK;
    enum cg_ca_result result = cg_lock_acquire(ca, err);
    if (result != CG_CA_OK)
        return result;
    const bool ok = cg_change_recover(ca, err) &&
                    (use != CG_CA_CREATE || cg_ca_has(ca, "ca/cert.pem") || cg_folder_trial(ca, err));
    return ok ? CG_CA_OK : CG_CA_FAILED;
}

enum cg_ca_result cg_ca_open(struct cg_ca *ca, const struct cg_ca_options *options, enum cg_ca_use use,
                             struct cg_error *err)
{
    *ca = (struct cg_ca){.lock = -1, .options = *options, .word = options->word};
    if ((size_t)snprintf(ca->dir, sizeof ca->dir, "%s", options->dir) >= sizeof ca->dir) {
        cg_error_set(err, "cannot open the folder of -C: the path is too long");
        return CG_CA_FAILED;
    }
    enum cg_ca_result result = open_folder(ca, use, err);
    if (result != CG_CA_OK)
        return result;
    bool made = cg_ca_has(ca, "ca/cert.pem");
    if (use == CG_CA_CREATE && made) {
        cg_error_set(err,
                     "%s already contains a CA; nothing was changed. Choose another folder with -C for a second CA",
                     ca->dir);
        return CG_CA_FAILED;
    }
    char path[PATH_MAX];
    if (!made && cg_file_is_missing(cg_ca_path(ca, path, "ca/cert.pem")) && has_parts(ca, err))
        return CG_CA_FAILED;
    if (use != CG_CA_CREATE && !made) {
        explain_absence(ca, err);
        return CG_CA_FAILED;
    }
    const bool dated = use == CG_CA_WRITE || use == CG_CA_REPAIR || use == CG_CA_CREATE;
    bool ok = (!made || load_certs(ca, err)) && (!dated || cg_ca_clock_check(ca, err)) &&
              (use != CG_CA_WRITE || cg_index_check(ca, err));
    return ok ? CG_CA_OK : CG_CA_FAILED;
}

void cg_ca_close(struct cg_ca *ca)
{
    X509_free(ca->cert);
    X509_free(ca->root);
    if (ca->lock >= 0)
        close(ca->lock);
    cg_owner_leave(&ca->owner);
    *ca = (struct cg_ca){.lock = -1};
}
