/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the verb show finds about one name, and how it prints that as text. The verb owns it. */
#ifndef CG_VERBS_SHOW_TEXT_H
#define CG_VERBS_SHOW_TEXT_H

#include "cli/cli.h"
#include "deploy/inventory.h"

struct cg_show {
    const struct cg_cli *cli;
    const struct cg_list *log; /* the event logs that were named */
    const struct cg_ca *ca;
    const char *name;
    struct cg_inventory inventory;
    struct cg_inventory_row *row; /* of the name, in the order of the index, at least one */
    size_t count;
    cJSON *result; /* "certificates" has the order of row */
};

/* From the JSON, and the rows of the generations. */
void cg_show_print(const struct cg_show *show);

#endif
