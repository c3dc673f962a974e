/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The folder requests/ is the broker's: nothing in it is trusted, neither types nor names nor sizes. Everything is opened below the
 * folders' descriptors without following links, so that the owner of the spool cannot lead a run of root elsewhere. */
#include "base/atomic_write.h"
#include "base/failure.h"
#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_LENGTH   (CG_RENEWAL_ID_MAX - 1)
#define LEFT_AGE    (7 * CG_DAY)
#define BATCH       256  /* answers that become durable together */
#define FILE_MODE   0644 /* the folder's mode keeps others out */
#define FOLDER_MODE 0750
#define PART        ".new" /* of an answer that is being written: ".ID.new" */

struct spool {
    const char *dir;
    int root, requests, answers, lock; /* -1: not open */
    bool writes;
    bool made;   /* answers/, by this run */
    gid_t group; /* of requests/: the broker reads the answers by it */
    size_t bytes;
    char staged[BATCH][CG_RENEWAL_ID_MAX];
    size_t count;
};

static bool fail_at(const struct spool *spool, const char *action, const char *name, struct cg_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", spool->dir, name);
    return cg_fail_errno(err, action, path);
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* ---- the folders */

static int open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Its name, group and mode are those that the broker needs to read the answers, and not to write them. */
static bool make_answers(struct spool *spool, struct cg_error *err)
{
    if (mkdirat(spool->root, "answers", FOLDER_MODE) != 0 && errno != EEXIST) {
        fail_at(spool, "create the folder", "answers", err);
        return cg_fail_text(err,
                            "cannot create %s/answers: no access. Make it once as root: install -d -m 0750 -o USER -g "
                            "GROUP %s/answers, with the owner of the CA's folder as USER and the broker's group",
                            spool->dir, spool->dir);
    }
    spool->made = true;
    return (spool->answers = open_folder(spool->root, "answers")) >= 0 || fail_at(spool, "open", "answers", err);
}

static bool is_own(const struct spool *spool, uid_t own, struct stat *st, struct cg_error *err)
{
    if (fstat(spool->answers, st) != 0)
        return fail_at(spool, "read", "answers", err);
    if (st->st_uid == own && !(st->st_mode & 022))
        return true;
    return cg_fail_text(
        err,
        "cannot use %s/answers: it belongs to the user %u, or others can write to it (mode %04o); answers "
        "there could be replaced. Remove it, and make it as root: install -d -m 0750 -o '#%u' -g GROUP "
        "%s/answers",
        spool->dir, (unsigned)st->st_uid, (unsigned)st->st_mode & 07777, (unsigned)own, spool->dir);
}

/* A group that somebody set by hand stays. */
static bool give_to_group(const struct spool *spool, const struct stat *st, struct cg_error *err)
{
    if (!spool->made && (st->st_mode & 050) == 050)
        return true;
    if (st->st_gid != spool->group && fchown(spool->answers, (uid_t)-1, spool->group) != 0)
        return fail_at(spool, "give to the group of requests/ the folder", "answers", err);
    return fchmod(spool->answers, FOLDER_MODE) == 0 || fail_at(spool, "set the mode of", "answers", err);
}

static enum cg_ca_result lock_answers(struct spool *spool, struct cg_error *err)
{
    spool->lock = openat(spool->answers, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (spool->lock < 0) {
        fail_at(spool, "open", "answers/lock", err);
        return CG_CA_FAILED;
    }
    if (flock(spool->lock, LOCK_EX | LOCK_NB) == 0)
        return CG_CA_OK;
    if (errno != EWOULDBLOCK) {
        fail_at(spool, "lock", "answers", err);
        return CG_CA_FAILED;
    }
    cg_error_set(err, "another run of certguard is answering in %s. Try again when it has ended", spool->dir);
    return CG_CA_LOCKED;
}

/* Left by a killed run; the lock is held. */
static void remove_parts(const struct spool *spool)
{
    const int fd = open_folder(spool->answers, ".");
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e; folder && (e = readdir(folder));)
        if (e->d_name[0] == '.' && strlen(e->d_name) == 1 + ID_LENGTH + strlen(PART))
            unlinkat(spool->answers, e->d_name, 0);
    if (folder)
        closedir(folder);
}

static enum cg_ca_result open_answers(struct spool *spool, uid_t own, struct cg_error *err)
{
    struct stat st;
    spool->answers = open_folder(spool->root, "answers");
    if (spool->answers < 0 && errno != ENOENT)
        return fail_at(spool, "open", "answers", err) ? CG_CA_OK : CG_CA_FAILED;
    if (spool->answers < 0 && !spool->writes)
        return CG_CA_OK;
    if ((spool->answers < 0 && !make_answers(spool, err)) || !is_own(spool, own, &st, err) ||
        (spool->writes && !give_to_group(spool, &st, err)))
        return CG_CA_FAILED;
    const enum cg_ca_result result = spool->writes ? lock_answers(spool, err) : CG_CA_OK;
    if (result == CG_CA_OK && spool->writes)
        remove_parts(spool);
    return result;
}

static bool open_requests(struct spool *spool, struct cg_error *err)
{
    struct stat st;
    spool->root = open(spool->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (spool->root < 0 && errno == EACCES)
        return cg_fail_text(err, "cannot open %s: no access. Add the owner of the CA's folder to the broker's group",
                            spool->dir);
    if (spool->root < 0)
        return cg_fail_text(err, "cannot open %s: %s. Name the folder of renewal.spool in the broker's policy",
                            spool->dir, strerror(errno));
    spool->requests = open_folder(spool->root, "requests");
    if (spool->requests < 0 && errno == ENOENT)
        return cg_fail_text(
            err,
            "there is no folder requests in %s. Name the folder of \"renewal\": {\"spool\": ...} in the "
            "broker's policy; the broker makes requests/ when it loads that policy",
            spool->dir);
    if (spool->requests < 0 || fstat(spool->requests, &st) != 0)
        return fail_at(spool, "open", "requests", err);
    spool->group = st.st_gid;
    return true;
}

/* ---- reading */

/* A regular file with one name, of a size that a file of the spool can have. The caller frees *text. */
static bool read_file(int fd, const char *path, char **text, size_t *len, struct cg_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return cg_fail_errno(err, "read", path);
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return cg_fail_text(err, "cannot read %s: it is no regular file with a single name. Remove it", path);
    if (st.st_size > (off_t)CG_MAILBOX_FILE_MAX)
        return cg_fail_text(err, "cannot read %s: it has more than %zu bytes. Remove it", path, CG_MAILBOX_FILE_MAX);
    return cg_read_fd(fd, 0, text, len) || cg_fail_errno(err, "read", path);
}

static bool read_at(struct spool *spool, const char *folder, const char *name, char **text, size_t *len,
                    struct cg_error *err)
{
    char path[PATH_MAX];
    const int at = strcmp(folder, "answers") == 0 ? spool->answers : spool->requests;
    const int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    snprintf(path, sizeof path, "%s/%s/%s", spool->dir, folder, name);
    *text = NULL;
    *len = 0;
    const bool ok = fd >= 0 ? read_file(fd, path, text, len, err) : cg_fail_errno(err, "open", path);
    close_fd(fd);
    spool->bytes += *len;
    return ok;
}

static void name_of(const char *id, const char *suffix, char out[CG_RENEWAL_ID_MAX + 16])
{
    snprintf(out, CG_RENEWAL_ID_MAX + 16, "%s%s", id, suffix);
}

static void read_request(struct spool *spool, struct cg_item *item)
{
    char name[CG_RENEWAL_ID_MAX + 16], *text = NULL;
    size_t len = 0;
    name_of(item->id, ".json", name);
    if (read_at(spool, "requests", name, &text, &len, &item->fault)) {
        if (cg_mail_request_read(text, len, &item->mail, &item->fault) && strcmp(item->mail.id, item->id) != 0)
            cg_error_set(&item->fault, "it contains another request");
        if (item->fault.text[0])
            cg_error_prefix(&item->fault, "cannot use %s/requests/%s", spool->dir, name);
    }
    free(text);
}

/* A file that is not as this tool writes it counts as no answer, and is written again. */
static void read_answer(struct spool *spool, struct cg_item *item)
{
    char name[CG_RENEWAL_ID_MAX + 16], *text = NULL;
    size_t len = 0;
    struct cg_mail_answer answer = {.certificate = NULL};
    name_of(item->id, ".json", name);
    const bool ok = spool->answers >= 0 && read_at(spool, "answers", name, &text, &len, NULL) &&
                    cg_mail_answer_read(text, len, &answer, NULL) && strcmp(answer.id, item->id) == 0;
    if (ok && answer.certificate && cg_sha256_text(answer.certificate, item->answered)) {
        item->answer = CG_ITEM_ISSUED;
    } else if (ok && !answer.certificate) {
        item->answer = CG_ITEM_REFUSED;
        item->refused = answer.refused;
    }
    cg_mail_answer_clear(&answer);
    free(text);
}

static bool has_done(struct spool *spool, const char *id)
{
    char name[CG_RENEWAL_ID_MAX + 16], *text = NULL;
    size_t len = 0;
    int64_t confirmed = 0;
    name_of(id, ".done", name);
    const bool ok = faccessat(spool->requests, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
                    read_at(spool, "requests", name, &text, &len, NULL) &&
                    cg_mail_done_read(text, len, id, &confirmed, NULL);
    free(text);
    return ok;
}

/* The ID of a file ID.json; false for all other names. */
static bool id_of(const char *name, char id[CG_RENEWAL_ID_MAX])
{
    if (strlen(name) != ID_LENGTH + strlen(".json") || strcmp(name + ID_LENGTH, ".json") != 0)
        return false;
    snprintf(id, CG_RENEWAL_ID_MAX, "%.*s", ID_LENGTH, name);
    return cg_renewal_id_is_valid(id);
}

static bool list_names(struct cg_source *source, struct cg_error *err)
{
    const struct spool *spool = source->own;
    char id[CG_RENEWAL_ID_MAX];
    const int fd = open_folder(spool->requests, ".");
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    bool ok = folder || fail_at(spool, "read", "requests", err);
    for (struct dirent *e; ok && !source->is_more && folder && (e = readdir(folder));) {
        if (!id_of(e->d_name, id))
            continue;
        source->is_more = source->count == CG_SOURCE_MAX;
        ok = source->is_more || cg_source_add(source, id) || cg_fail_memory(err);
    }
    if (folder)
        closedir(folder);
    return ok;
}

static bool list(struct cg_source *source, struct cg_error *err)
{
    struct spool *spool = source->own;
    if (!list_names(source, err))
        return false;
    for (size_t i = 0; i < source->count; i++) {
        struct cg_item *item = &source->item[i];
        if (spool->bytes > CG_SOURCE_BYTES_MAX) {
            source->is_more = true;
            source->count = i;
            break;
        }
        read_request(spool, item);
        read_answer(spool, item);
        item->is_confirmed = has_done(spool, item->id);
    }
    return true;
}

/* ---- writing */

static void part_of(const char *id, char out[CG_RENEWAL_ID_MAX + 16])
{
    snprintf(out, CG_RENEWAL_ID_MAX + 16, ".%s" PART, id);
}

static bool put(struct cg_source *source, const struct cg_mail_answer *answer, struct cg_error *err)
{
    struct spool *spool = source->own;
    char part[CG_RENEWAL_ID_MAX + 16], *line = NULL;
    const struct cg_owner owner = {(uid_t)-1, (gid_t)-1, FILE_MODE};
    cJSON *json = cg_mail_answer_json(answer);
    char *text = json ? cJSON_PrintUnformatted(json) : NULL;
    const int len = text ? asprintf(&line, "%s\n", text) : -1;
    part_of(answer->id, part);
    bool ok = len >= 0 ? cg_write_new_at(spool->answers, part, line, (size_t)len, &owner, false, err)
                       : cg_fail_memory(err);
    if (len >= 0)
        free(line);
    cJSON_free(text);
    cJSON_Delete(json);
    if (ok)
        memcpy(spool->staged[spool->count++], answer->id, CG_RENEWAL_ID_MAX);
    return ok && (spool->count < BATCH || cg_source_flush(source, err));
}

/* Contents are on disk before names: the broker never sees half of an answer. */
static bool flush(struct cg_source *source, struct cg_error *err)
{
    struct spool *spool = source->own;
    char part[CG_RENEWAL_ID_MAX + 16], name[CG_RENEWAL_ID_MAX + 16];
    bool ok = true;
    if (spool->count && syncfs(spool->answers) != 0)
        ok = fail_at(spool, "write to the disk", "answers", err);
    for (size_t i = 0; ok && i < spool->count; i++) {
        part_of(spool->staged[i], part);
        name_of(spool->staged[i], ".json", name);
        ok = renameat(spool->answers, part, spool->answers, name) == 0 || fail_at(spool, "rename in", "answers", err);
    }
    spool->count = 0;
    return ok && cg_sync_fd(spool->answers, spool->dir, err);
}

static bool forget(struct cg_source *source, const char *id, struct cg_error *err)
{
    const struct spool *spool = source->own;
    char name[CG_RENEWAL_ID_MAX + 16];
    name_of(id, ".json", name);
    return unlinkat(spool->answers, name, 0) == 0 || errno == ENOENT || fail_at(spool, "remove in", "answers", err);
}

/* The week is for a broker whose part of the spool is away for a while. */
static bool is_left(const struct cg_source *source, const char *name, int64_t now)
{
    const struct spool *spool = source->own;
    char id[CG_RENEWAL_ID_MAX];
    struct stat st;
    return id_of(name, id) && !cg_source_find(source, id) &&
           fstatat(spool->answers, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime < now - LEFT_AGE;
}

static bool sweep(struct cg_source *source, int64_t now, struct cg_error *err)
{
    const struct spool *spool = source->own;
    const int fd = source->is_more ? -1 : open_folder(spool->answers, ".");
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    bool ok = folder || source->is_more || fail_at(spool, "read", "answers", err);
    for (struct dirent *e; ok && folder && (e = readdir(folder));)
        if (is_left(source, e->d_name, now))
            ok = unlinkat(spool->answers, e->d_name, 0) == 0 || fail_at(spool, "remove in", "answers", err);
    if (folder)
        closedir(folder);
    return ok;
}

static void close_spool(struct cg_source *source)
{
    struct spool *spool = source->own;
    close_fd(spool->lock);
    close_fd(spool->answers);
    close_fd(spool->requests);
    close_fd(spool->root);
    free(spool);
}

static const struct cg_source_kind spool_kind = {list, put, forget, flush, sweep, close_spool};

enum cg_ca_result cg_source_open_spool(struct cg_source *source, const struct cg_spool_open *open, struct cg_error *err)
{
    struct spool *spool = calloc(1, sizeof *spool);
    *source = (struct cg_source){.kind = spool ? &spool_kind : NULL, .own = spool};
    if (!spool)
        return cg_fail_memory(err) ? CG_CA_OK : CG_CA_FAILED;
    *spool = (struct spool){
        .dir = open->dir, .root = -1, .requests = -1, .answers = -1, .lock = -1, .writes = open->writes};
    return open_requests(spool, err) ? open_answers(spool, open->own, err) : CG_CA_FAILED;
}
