/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "atomic_write.h"
#include "ca_cli.h"
#include "fault.h"
#include "tar.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What belongs to a run, not to the CA. */
static const char *const not_kept[] = {"lock", "stage", "pending", NULL};

static bool write_archive(const struct cg_ca *ca, const char *path, size_t *files, struct cg_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out) {
        cg_fault_errno(err, "create", path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    cg_owner_assume(&ca->owner);
    bool good = cg_tar_folder(out, ca->dir, "certguard-ca", not_kept, files, err);
    cg_owner_leave(&ca->owner);
    if (good && !(cg_tar_end(out) && fflush(out) == 0 && fsync(fd) == 0))
        good = cg_fault_errno(err, "write", path);
    if (fclose(out) != 0 && good)
        good = cg_fault_errno(err, "close", path);
    return good;
}

static void tell(const struct cg_cli *cli, const char *target, size_t files)
{
    cJSON *result = cJSON_CreateObject();
    cJSON_AddStringToObject(result, "file", target);
    cJSON_AddNumberToObject(result, "entries", (double)files);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    cg_result(cli, result);
}

static bool backup(const struct cg_ca *ca, const struct cg_cli *cli, struct cg_error *err)
{
    char temporary[PATH_MAX];
    const char *target = cli->args[0];
    size_t files = 0;
    struct stat st;
    if (lstat(target, &st) == 0) {
        cg_error_set(err, "%s exists; a backup is never written over another one, choose another name", target);
        return false;
    }
    if (snprintf(temporary, sizeof temporary, "%s.new", target) >= (int)sizeof temporary) {
        cg_error_set(err, "%s: the path is too long", target);
        return false;
    }
    if (cli->dry_run) {
        cg_say(cli, "Would write a backup of %s to %s.", ca->dir, target);
        tell(cli, target, 0);
        return true;
    }
    unlink(temporary); /* of a run that was killed; the lock says that there is no other */
    bool good = write_archive(ca, temporary, &files, err);
    if (good && rename(temporary, target) != 0)
        good = cg_fault_errno(err, "rename to", target);
    if (!good) {
        unlink(temporary);
        return false;
    }
    tell(cli, target, files);
    cg_say(cli,
           "Wrote %s, %zu entries. It holds private keys: keep it where nobody else reads.\n"
           "To restore: tar -xpf %s, then use certguard -C certguard-ca.",
           target, files, target);
    return cg_sync_parent(target, err);
}

static int run(const struct cg_cli *cli, const void *values)
{
    (void)values;
    struct cg_error err = {""};
    struct cg_ca ca;
    int code = cg_verb_open_ca(&ca, cli, CG_CA_HOLD, &err);
    cg_owner_leave(&ca.owner); /* FILE is the caller's */
    if (code == CG_EXIT_OK && !backup(&ca, cli, &err))
        code = CG_EXIT_FAILED;
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_backup = {
    .name = "backup",
    .group = CG_GROUP_CA,
    .arguments = "FILE",
    .summary = "write the whole CA to one tar file",
    .description = "Writes everything in the CA's folder, keys included, to a new tar file that only you can read. No "
                   "other run\n"
                   "changes the CA meanwhile.",
    .examples = "certguard backup /media/stick/ca-2026-11.tar",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
