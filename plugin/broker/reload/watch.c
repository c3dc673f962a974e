/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "watch.h"

#include "broker/base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUIET_MS       5 /* a change of several files comes as several events */
#define QUIET_MOST_MS  100
#define READS_MAX      64 /* others may cause events faster than they are read */
#define LINKS_MAX      40 /* as in path_resolution(7) */
#define FOLDER_CHANGES (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)
#define ENTRY_CHANGES  (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
#define NAME_CHANGES   (ENTRY_CHANGES | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB)

/* A name in a folder that leads to a file of the list. */
struct point {
    int folder;       /* watch descriptor */
    char *path;       /* owned */
    const char *name; /* its last component; NULL: path is the folder, for the names in it, not for what they hold */
    bool is_way;      /* a link, or missing: other folders have to be watched when it changes */
    size_t file;
};

struct cg_watch {
    int inotify; /* -1: none */
    int wake;    /* eventfd */
    bool complete;
    bool moved; /* the way to a file changed */
    struct point *point;
    size_t count;
    bool *replaced; /* of each file of the list: by its last event */
    size_t files;
};

struct cg_watch *cg_watch_new(struct cg_error *err)
{
    struct cg_watch *watch = calloc(1, sizeof *watch);
    if (!watch) {
        cg_error_set(err, "out of memory");
        return NULL;
    }
    watch->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch->wake >= 0)
        return watch;
    cg_error_set(err, "%s", strerror(errno));
    cg_watch_free(watch);
    return NULL;
}

static void clear_points(struct point *point, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(point[i].path);
    free(point);
}

void cg_watch_free(struct cg_watch *watch)
{
    if (!watch)
        return;
    if (watch->inotify >= 0)
        close(watch->inotify);
    if (watch->wake >= 0)
        close(watch->wake);
    clear_points(watch->point, watch->count);
    free(watch->replaced);
    free(watch);
}

bool cg_watch_is_complete(const struct cg_watch *watch)
{
    return watch->complete;
}

/* ---- which names are watched */

/* The way from a path to its file. */
struct way {
    struct cg_watch *watch;
    size_t file;
    char folder[PATH_MAX]; /* so far, without symbolic links */
    char rest[PATH_MAX];
    int links;
};

enum point_kind { POINT_FILE, POINT_WAY, POINT_FOLDER };

/* path: of a name in way->folder, or of a folder itself. */
static bool add_point(const struct way *way, const char *path, enum point_kind kind)
{
    struct cg_watch *watch = way->watch;
    struct point *grown = realloc(watch->point, (watch->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    watch->point = grown;
    struct point added = {.path = strdup(path), .is_way = kind == POINT_WAY, .file = way->file};
    if (!added.path)
        return false;
    added.folder = inotify_add_watch(watch->inotify, kind == POINT_FOLDER ? path : way->folder,
                                     NAME_CHANGES | FOLDER_CHANGES | IN_ONLYDIR);
    added.name = kind == POINT_FOLDER ? NULL : strrchr(added.path, '/') + 1;
    watch->point[watch->count++] = added;
    return added.folder >= 0;
}

/* Takes the next component of the way. False: there is none. */
static bool take_name(struct way *way, char name[NAME_MAX + 1])
{
    const char *start = way->rest + strspn(way->rest, "/");
    const size_t length = strcspn(start, "/");
    if (length == 0 || length > NAME_MAX)
        return false;
    memcpy(name, start, length);
    name[length] = '\0';
    memmove(way->rest, start + length, strlen(start + length) + 1);
    return true;
}

static bool set_rest(struct way *way, const char *first, const char *then)
{
    char rest[PATH_MAX];
    const int length = snprintf(rest, sizeof rest, "%s/%s", first, then);
    if (length < 0 || (size_t)length >= sizeof rest)
        return false;
    memcpy(way->rest, rest, (size_t)length + 1);
    if (*first == '/')
        snprintf(way->folder, sizeof way->folder, "/");
    return true;
}

static bool follow_link(struct way *way, const char *path)
{
    char target[PATH_MAX];
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0 || way->links++ == LINKS_MAX)
        return false;
    target[length] = '\0';
    return set_rest(way, target, way->rest);
}

/* One component. Returns 1 to continue, 0 at the end of the way, and -1 if it cannot be watched. */
static int step(struct way *way, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    const int length = snprintf(path, sizeof path, "%s/%s", way->folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return -1;
    if (lstat(path, &st) != 0)
        return errno == ENOENT && add_point(way, path, POINT_WAY) ? 0 : -1;
    if (S_ISLNK(st.st_mode))
        return add_point(way, path, POINT_WAY) && follow_link(way, path) ? 1 : -1;
    const bool is_last = !way->rest[strspn(way->rest, "/")];
    if (is_last && !add_point(way, path, POINT_FILE))
        return -1;
    if (!S_ISDIR(st.st_mode))
        return is_last ? 0 : -1;
    memcpy(way->folder, path, (size_t)length + 1);
    return is_last && !add_point(way, path, POINT_FOLDER) ? -1 : 1;
}

static bool add_file(struct cg_watch *watch, const char *path, size_t file)
{
    struct way way = {.watch = watch, .file = file, .folder = "."};
    char name[NAME_MAX + 1];
    int more = 1;
    if (!set_rest(&way, path, ""))
        return false;
    while (more > 0 && take_name(&way, name))
        more = step(&way, name);
    return more >= 0;
}

static bool has_folder(const struct cg_watch *watch, int folder)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->point[i].folder == folder)
            return true;
    return false;
}

void cg_watch_files(struct cg_watch *watch, const struct cg_file_states *file_states)
{
    struct point *before = watch->point;
    const size_t count = watch->count;
    free(watch->replaced);
    watch->replaced = calloc(file_states->count ? file_states->count : 1, sizeof *watch->replaced);
    watch->files = watch->replaced ? file_states->count : 0;
    watch->complete = watch->inotify >= 0 && watch->replaced;
    watch->moved = false;
    watch->point = NULL;
    watch->count = 0;
    for (size_t i = 0; watch->inotify >= 0 && i < watch->files; i++)
        watch->complete = add_file(watch, file_states->item[i].path, i) && watch->complete;
    for (size_t i = 0; i < count; i++)
        if (!has_folder(watch, before[i].folder))
            (void)inotify_rm_watch(watch->inotify, before[i].folder);
    clear_points(before, count);
}

/* ---- what happened */

static bool is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static bool concerns(const struct inotify_event *event, const struct point *point)
{
    if (point->folder != event->wd || event->mask & FOLDER_CHANGES)
        return point->folder == event->wd;
    return point->name ? event->len && strcmp(point->name, event->name) == 0 : event->mask & ENTRY_CHANGES;
}

static bool note_event(struct cg_watch *watch, const struct inotify_event *event)
{
    bool known = false;
    if (event->mask & IN_Q_OVERFLOW) {
        memset(watch->replaced, 0, watch->files * sizeof *watch->replaced);
        watch->moved = true;
        return true;
    }
    for (size_t i = 0; i < watch->count; i++) {
        const struct point *point = &watch->point[i];
        if (!concerns(event, point))
            continue;
        known = true;
        watch->moved = watch->moved || point->is_way || event->mask & FOLDER_CHANGES;
        watch->replaced[point->file] = point->name &&
                                       (event->mask & IN_MOVED_TO || (event->mask & IN_CREATE && is_link(point->path)));
    }
    return known;
}

static bool read_events(struct cg_watch *watch)
{
    _Alignas(struct inotify_event) char events[4096];
    bool known = false;
    for (int i = 0; watch->inotify >= 0 && i < READS_MAX; i++) {
        const ssize_t size = read(watch->inotify, events, sizeof events);
        const struct inotify_event *event;
        if (size <= 0)
            break;
        for (const char *at = events; at < events + size; at += sizeof *event + event->len) {
            event = (const struct inotify_event *)(const void *)at;
            known = note_event(watch, event) || known;
        }
    }
    return known;
}

/* Whether there are events, and no wake. */
static bool wait_once(const struct cg_watch *watch, int64_t ms)
{
    struct pollfd fds[] = {{.fd = watch->wake, .events = POLLIN}, {.fd = watch->inotify, .events = POLLIN}};
    return poll(fds, 2, (int)(ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : ms)) > 0 && !fds[0].revents;
}

static void pause_for(const struct cg_watch *watch, int ms)
{
    struct pollfd wake = {.fd = watch->wake, .events = POLLIN};
    (void)poll(&wake, 1, ms);
}

bool cg_watch_wait(struct cg_watch *watch, int64_t ms)
{
    uint64_t number;
    bool known = false, more = true;
    int64_t now_ms = cg_clock_monotonic_ms(), end_ms = now_ms + ms;
    while (more && now_ms < end_ms && wait_once(watch, known ? 0 : end_ms - now_ms)) {
        const bool found = read_events(watch);
        if (found && !known)
            end_ms = cg_clock_monotonic_ms() + QUIET_MOST_MS;
        more = found || !known;
        known = known || found;
        if (more)
            pause_for(watch, QUIET_MS); /* bounds the work for any number of events */
        now_ms = cg_clock_monotonic_ms();
    }
    (void)!read(watch->wake, &number, sizeof number);
    return known;
}

void cg_watch_wake(struct cg_watch *watch)
{
    const uint64_t one = 1;
    (void)!write(watch->wake, &one, sizeof one);
}

bool cg_watch_is_moved(const struct cg_watch *watch)
{
    return watch->moved;
}

bool cg_watch_is_replaced(const struct cg_watch *watch, size_t index)
{
    return index < watch->files && watch->replaced[index];
}
