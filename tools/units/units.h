/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* systemd units and the logrotate file: the embedded templates of conf/units, filled in with the values of this machine.
 * The first line of each written file contains the SHA-256 of the rest. This shows whether a file was changed by hand;
 * such files are not overwritten without --force. The caller owns returned strings. Called by install-units. */
#ifndef CG_UNITS_H
#define CG_UNITS_H

#include "core/base/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define CG_UNIT_FILES_MAX 16                    /* there are fewer */
#define CG_UNITS_FOLDER   "/etc/systemd/system" /* for units of the administrator */

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

/* The contents to write, terminated. A name without a value is an error. */
char *cg_unit_render(const struct cg_unit_file *file, const struct cg_unit_value *values, size_t nvalues,
                     struct cg_error *err);

struct cg_unit_folders {
    const char *units, *logrotate;
};

/* The path of the file. A drop-in "UNIT-WORD.conf" becomes "certguard.conf" in the folder of its unit.
 * "certguard.logrotate" becomes "certguard", since logrotate skips names with a dot. */
void cg_unit_place(const struct cg_unit_folders *folders, const char *name, char path[PATH_MAX]);

/* The link that "systemctl enable" makes for a timer or a path unit. False: it is another file. */
bool cg_unit_link(const struct cg_unit_folders *folders, const char *name, char link[PATH_MAX]);

enum cg_unit_state {
    CG_UNIT_FOREIGN = 0, /* changed by hand, not written by certguard, or unreadable: do not touch */
    CG_UNIT_ABSENT,
    CG_UNIT_SAME,  /* has exactly this text */
    CG_UNIT_STALE, /* written by certguard with another text, and not changed since */
    CG_UNIT_OTHER, /* as STALE, but for another CA, which exists: nothing would renew its certificates any more */
};

enum cg_unit_state cg_unit_state(const char *path, const char *text);

/* The CA's folder in the command lines of a unit file. False: it has none. */
bool cg_unit_ca(const char *path, char ca[PATH_MAX]);

/* Can it be used in a unit file without quotes? Absolute, and only letters, digits and / . _ + : , = - */
bool cg_unit_path_fits(const char *path, struct cg_error *err);

#endif
