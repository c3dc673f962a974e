/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Takes away what install-units wrote: the enabled timers, and every file that is as it was written. A file that was changed by
 * hand stays, and is named, but no timer starts it any more. Called by install-units. */
#ifndef CG_UNITS_REMOVE_H
#define CG_UNITS_REMOVE_H

#include "cli/cli.h"
#include "units.h"

int cg_units_remove(const struct cg_cli *cli, const struct cg_unit_folders *folders); /* returns the exit code */

#endif
