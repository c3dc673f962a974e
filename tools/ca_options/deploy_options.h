/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where a name is deployed, as options of a verb: the rows that fill its struct cg_deploy_options (target.h). AT: the offset of a
 * field in the struct of the verb's options, which calls it place. Used by issue and deploy. */
#ifndef CG_TOOLS_CA_OPTIONS_DEPLOY_OPTIONS_H
#define CG_TOOLS_CA_OPTIONS_DEPLOY_OPTIONS_H

#include "cli/cli.h"

/* clang-format off */
#define CG_PLACE_ROWS(AT) \
    {"to", "FOLDER", "where the broker reads its files; remembered", CG_OPT_FOLDER, 0, AT(place.to)}, \
    {"owner", "USER", "owner of the files; remembered", CG_OPT_STRING, 0, AT(place.owner)}, \
    {"group", "GROUP", "group of the files; remembered", CG_OPT_STRING, 0, AT(place.group)}, \
    {"mode", "MODE", "mode of privkey.pem, octal (default 0600, with --group 0640); remembered", CG_OPT_STRING, 0, \
     AT(place.mode)}, \
    {"connect", "HOST:PORT", "where the broker serves it, for rotate; remembered", CG_OPT_STRING, 0, AT(place.connect)}
/* clang-format on */

#endif
