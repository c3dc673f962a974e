/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Undoes install-units: disables the timers and path units, and removes every file that was not changed by hand. Files that
 * were changed stay and are listed, but nothing starts them any more. Called by install-units. */
#ifndef CG_UNITS_REMOVE_H
#define CG_UNITS_REMOVE_H

#include "cli/cli.h"
#include "units.h"

int cg_units_remove(const struct cg_cli *cli, const struct cg_unit_folders *folders); /* returns the exit code */

#endif
