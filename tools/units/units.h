/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* systemd units and the logrotate file: the templates of conf/units, embedded, with the paths of this machine.
 * Each written file opens with a line that holds the SHA-256 of the rest, so that what was changed by hand is known
 * and never overwritten unasked. The caller owns returned texts. Called by install-units. */
#ifndef CG_UNITS_H
#define CG_UNITS_H

#include "core/base/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define CG_UNITS_FOLDER "/etc/systemd/system" /* of the administrator's own */

struct cg_unit_file {
    const char *name; /* as in conf/units */
    const char *data; /* not terminated */
    size_t len;
};

extern const struct cg_unit_file cg_unit_files[]; /* made at build time */
extern const size_t cg_unit_files_count;

/* "@NAME@" in a template; value is put in as it is. */
struct cg_unit_value {
    const char *name, *value;
};

/* The file as it is to be written, terminated. A name without a value is an error. */
char *cg_unit_render(const struct cg_unit_file *file, const struct cg_unit_value *values, size_t nvalues,
                     struct cg_error *err);

struct cg_unit_folders {
    const char *units, *logrotate;
};

/* Where the file of this name goes. A drop-in, "UNIT-WORD.conf", is named "certguard.conf" in the folder of its unit; "certguard.logrotate"
 * is named "certguard", since logrotate passes over names with a dot. */
void cg_unit_place(const struct cg_unit_folders *folders, const char *name, char path[PATH_MAX]);

enum cg_unit_state {
    CG_UNIT_FOREIGN = 0, /* changed by hand, written by someone else, or unreadable: leave it alone */
    CG_UNIT_ABSENT,
    CG_UNIT_SAME,  /* holds this very text */
    CG_UNIT_STALE, /* written by us and untouched since, with other values */
};

enum cg_unit_state cg_unit_state(const char *path, const char *text);
bool cg_unit_is_ours(const char *path); /* written by us, and untouched since */

/* May it stand in a unit file without quoting? Absolute, and of letters, digits and / . _ + : , = - alone. */
bool cg_unit_path_fits(const char *path, struct cg_error *err);

#endif
