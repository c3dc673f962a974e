/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "rotation.h"
#include "base/atomic_write.h"
#include "base/failure.h"
#include "deploy.h"
#include "generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES   50 /* other runs hold it for a moment to test it */
#define LOCK_STEP_NS (20 * 1000 * 1000)

/* ---- the record */

struct record {
    unsigned generation, before;
    bool is_decided;
};

static unsigned number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) && item->valuedouble > 0 ? (unsigned)item->valuedouble : 0;
}

/* A missing or unreadable record counts as decided. */
static struct record read_record(const struct cg_ca *ca, const char *name)
{
    char relative[CG_NAME_MAX + 32];
    snprintf(relative, sizeof relative, "rotate/%s.json", name);
    cJSON *object = cg_ca_json(ca, relative);
    const struct record record = {number_of(object, "generation"), number_of(object, "before"),
                                  !object || cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "decided"))};
    cJSON_Delete(object);
    return record;
}

static bool put_record(struct cg_change *change, const char *name, const struct record *record, struct cg_error *err)
{
    char file[CG_NAME_MAX + 32];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "generation", record->generation);
    cJSON_AddNumberToObject(object, "before", record->before);
    cJSON_AddBoolToObject(object, "decided", record->is_decided);
    snprintf(file, sizeof file, "rotate/%s.json", name);
    return cg_change_put_json(change, file, object, err);
}

/* done: for the journal; NULL: no line there. */
static bool write_record(const struct cg_ca *ca, const char *name, const struct record *record, const char *done,
                         struct cg_error *err)
{
    struct cg_change change = {0};
    bool ok = cg_change_begin(&change, ca, false, err) && put_record(&change, name, record, err) &&
              (!done || cg_generation_note(&change, done, name, record->generation, err));
    return cg_change_end(&change, ok, err);
}

/* ---- the lock */

bool cg_rotation_fail_busy(const char *name, struct cg_error *err)
{
    return cg_fail_text(err, "another run is rotating \"%s\". Nothing was done. Try again when it has ended", name);
}

/* Created as the owner of the CA's folder, whose runs must be able to open it. */
static int make_lock(const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    char path[PATH_MAX];
    int fd = -1;
    const struct cg_file_user before = cg_owner_enter(&ca->owner);
    if (cg_make_folders(cg_ca_path(ca, path, "rotate"), 0700, err)) {
        fd = open(cg_ca_path(ca, path, "rotate/%s.lock", name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            cg_fail_errno(err, "open", path);
    }
    cg_owner_back(before);
    return fd;
}

static bool take_lock(struct cg_rotation *rotation, const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    const struct timespec step = {0, LOCK_STEP_NS};
    rotation->lock = make_lock(ca, name, err);
    if (rotation->lock < 0)
        return false;
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(rotation->lock, LOCK_EX | LOCK_NB) == 0)
            return true;
        nanosleep(&step, NULL);
    }
    return cg_rotation_fail_busy(name, err);
}

/* A lock that cannot be opened counts as held, with the reason in err. */
static bool is_locked(const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    char path[PATH_MAX];
    int fd = open(cg_ca_path(ca, path, "rotate/%s.lock", name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool locked = fd >= 0 ? flock(fd, LOCK_SH | LOCK_NB) != 0 : errno != ENOENT;
    if (locked && errno != EWOULDBLOCK)
        cg_fail_errno(err, "open", path);
    if (fd >= 0)
        close(fd);
    return locked;
}

static enum cg_rotation_state read_state(const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    return is_locked(ca, name, err)           ? CG_ROTATION_RUNS
           : read_record(ca, name).is_decided ? CG_ROTATION_NONE
                                              : CG_ROTATION_LEFT;
}

enum cg_rotation_state cg_rotation_state(const struct cg_ca *ca, const char *name)
{
    return read_state(ca, name, NULL);
}

bool cg_rotation_begin(struct cg_rotation *rotation, const struct cg_ca *ca, const char *name, unsigned generation,
                       struct cg_error *err)
{
    const struct record record = {.generation = generation, .before = cg_generation_live(ca, name)};
    *rotation = (struct cg_rotation){-1};
    return take_lock(rotation, ca, name, err) && write_record(ca, name, &record, "rotating", err);
}

void cg_rotation_end(struct cg_rotation *rotation)
{
    if (rotation->lock >= 0)
        close(rotation->lock);
    *rotation = (struct cg_rotation){-1};
}

/* ---- the decision */

bool cg_rotation_prove(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_error *err)
{
    const struct record record = {generation, read_record(ca, name).before, true};
    return write_record(ca, name, &record, "proven", err);
}

bool cg_rotation_roll_back(const struct cg_ca *ca, const char *name, bool *stays, struct cg_error *err)
{
    struct record record = read_record(ca, name);
    struct cg_targets targets = {0};
    const unsigned live = cg_generation_live(ca, name);
    *stays = live != record.generation && live != record.before;
    if (live == record.generation)
        *stays = !cg_generation_is_valid(ca, name, record.before, err);
    bool ok = (*stays || cg_generation_switch(ca, name, record.before, err)) &&
              cg_targets_load(ca, name, &targets, err) && cg_deploy_name(ca, &targets, err);
    cg_targets_clear(&targets);
    record.is_decided = true;
    return ok && write_record(ca, name, &record, NULL, err);
}

bool cg_rotation_finish(const struct cg_ca *ca, const char *name, bool *busy, struct cg_error *err)
{
    struct cg_error why = {""};
    bool stays = false;
    const enum cg_rotation_state state = read_state(ca, name, &why);
    *busy = state == CG_ROTATION_RUNS;
    if (*busy && why.text[0])
        return cg_fail_text(
            err,
            "cannot determine whether another run is rotating \"%s\": %s. Nothing was done. Everything in the CA's "
            "folder must belong to its owner",
            name, why.text);
    if (state != CG_ROTATION_LEFT || cg_rotation_roll_back(ca, name, &stays, &why))
        return true;
    return cg_fail_text(err, "a rotation of \"%s\" was interrupted, and restoring the previous generation failed: %s",
                        name, why.text);
}
