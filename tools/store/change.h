/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A change of the CA's folder that takes effect completely or not at all, whatever the number of files.
 *
 * New files are made in stage/. Commit writes the list of renames, removals and appended lines to the file "pending" (by
 * the write rule: its rename commits the change), carries the list out and removes "pending". Every step can be repeated,
 * so a run that finds "pending" completes the change of a killed run; without it, stage/ is discarded.
 *
 * The verb owns the struct; the lock must be held. Several threads may stage files, each under its own names; everything
 * else is for one thread. */
#ifndef CG_CA_CHANGE_H
#define CG_CA_CHANGE_H

#include "base/json.h"
#include "store.h"

#include <openssl/bio.h>

struct cg_change {
    const struct cg_ca *ca;
    BIO *steps;
    bool bulk;            /* many files: one syncfs instead of an fsync for each */
    unsigned staged;      /* names of cg_change_put */
    off_t index, journal; /* offset of the next line; -1: not read yet */
};

bool cg_change_begin(struct cg_change *change, const struct cg_ca *ca, bool bulk, struct cg_error *err);

/* Into stage/NAME, which may contain one folder level. */
bool cg_change_stage_folder(const struct cg_change *change, const char *name, mode_t mode, struct cg_error *err);
bool cg_change_stage_file(const struct cg_change *change, const char *name, const void *data, size_t len, mode_t mode,
                          struct cg_error *err);
bool cg_change_stage_link(const struct cg_change *change, const char *name, const char *to, struct cg_error *err);

/* Steps, carried out in this order at commit. */
bool cg_change_move(struct cg_change *change, const char *staged, const char *target, struct cg_error *err);
bool cg_change_index_line(struct cg_change *change, const char *line, struct cg_error *err);

/* Removes a file; one that is missing was removed before. */
bool cg_change_remove(struct cg_change *change, const char *target, struct cg_error *err);

/* A line of the journal: the members of entry, the time and "done". Takes entry; NULL is out of memory. */
bool cg_change_journal(struct cg_change *change, const char *done, cJSON *entry, struct cg_error *err);

/* Stages a file and replaces target with it. Text and JSON NULL are out of memory; takes object. */
bool cg_change_put(struct cg_change *change, const char *target, const void *data, size_t len, mode_t mode,
                   struct cg_error *err);
bool cg_change_put_text(struct cg_change *change, const char *target, const char *text, mode_t mode,
                        struct cg_error *err);
bool cg_change_put_json(struct cg_change *change, const char *target, cJSON *object, struct cg_error *err);

/* Commits if ok is set, and frees; files that were staged and not committed are removed. Returns true if it was committed.
 * False before "pending" is renamed: nothing changed. False after it: the error says that the next run completes it. */
bool cg_change_end(struct cg_change *change, bool ok, struct cg_error *err);

/* Completes or discards the change of a killed run. Called by cg_ca_open with the lock held. */
bool cg_change_recover(const struct cg_ca *ca, struct cg_error *err);

#endif
