/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The files of the spool (core/renewal/mailbox.h): folders, lock, reading and writing. A file is written under a temporary name
 * that begins with ".", and renamed when it is on the disk: a broker that is killed leaves the old state or the new one. What is
 * read may be hostile: nothing here follows a symbolic link, waits for a FIFO, or reads more than CG_MAILBOX_FILE_MAX.
 * Worker thread only. */
#ifndef CG_RENEWAL_SPOOL_H
#define CG_RENEWAL_SPOOL_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cg_spool_file {
    CG_SPOOL_REQUEST = 0, /* requests/ID.json */
    CG_SPOOL_DONE,        /* requests/ID.done */
    CG_SPOOL_OWN_ANSWER,  /* requests/ID.answer */
    CG_SPOOL_ANSWER,      /* answers/ID.json: only read */
    CG_SPOOL_FILES
};

struct cg_spool {
    char *path;
    int requests, answers, lock; /* -1: not open; answers may be missing */
};

/* Creates SPOOL and requests/ (mode 0750) if they are missing, takes the lock, and removes temporary files. False: *err is for the
 * operator. Close it in every case. */
bool cg_spool_open(struct cg_spool *spool, const char *path, struct cg_error *err);
void cg_spool_close(struct cg_spool *spool);

/* Whether requests/ of the path, and the lock in it, are still those that are open: where the lock was removed, another broker can
 * take a new one. Opens answers/ if it was created or replaced; *err: that is not possible. */
bool cg_spool_is_current(struct cg_spool *spool, struct cg_error *err);

/* The state of a file, to notice changes. Zero: there is none. */
struct cg_spool_state {
    uint64_t inode;
    int64_t size, modified_ns;
};
struct cg_spool_state cg_spool_state(const struct cg_spool *spool, enum cg_spool_file file, const char *id);
bool cg_spool_state_equal(const struct cg_spool_state *a, const struct cg_spool_state *b);

/* Of the folder answers/, which changes with each file that is added, replaced or removed. */
struct cg_spool_state cg_spool_answers_state(const struct cg_spool *spool);

/* Why a file is not read: each kind is reported once. */
enum cg_spool_fault {
    CG_SPOOL_OK = 0,
    CG_SPOOL_ABSENT,
    CG_SPOOL_LINK,      /* symbolic */
    CG_SPOOL_HARD_LINK, /* it has a second name */
    CG_SPOOL_SPECIAL,   /* a folder, FIFO, socket or device */
    CG_SPOOL_HUGE,
    CG_SPOOL_UNREADABLE,
    CG_SPOOL_MALFORMED, /* for callers */
    CG_SPOOL_FAULTS
};

/* *text is the caller's, NUL-terminated. Otherwise *err names the file and the fix. */
enum cg_spool_fault cg_spool_read(const struct cg_spool *spool, enum cg_spool_file file, const char *id, char **text,
                                  size_t *len, struct cg_error *err);

/* On the disk, with its folder, when it returns true. */
bool cg_spool_write(const struct cg_spool *spool, enum cg_spool_file file, const char *id, const char *text, size_t len,
                    struct cg_error *err);

/* Whether a file can be written: writes one under a temporary name. */
bool cg_spool_is_writable(const struct cg_spool *spool, struct cg_error *err);

/* Removes a file of requests/; it may be missing. */
void cg_spool_remove(const struct cg_spool *spool, enum cg_spool_file file, const char *id);

/* Calls visit for each file whose name is an ID and a suffix; other names are ignored. False: the folder cannot be listed. */
typedef void (*cg_spool_visit_fn)(void *context, enum cg_spool_file file, const char *id);
bool cg_spool_list_requests(const struct cg_spool *spool, cg_spool_visit_fn visit, void *context);
bool cg_spool_list_answers(const struct cg_spool *spool, cg_spool_visit_fn visit, void *context);

#endif
