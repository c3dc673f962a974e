/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Many certificates from one file: a line each, "NAME [TYPE:SAN ...]". Threads make keys and certificates, a few
 * hundred at a time become one change, and between two of them the lock goes to others that wait for it. Names that are live already are passed over, so that a run that was stopped
 * goes on where it was. Called by verb_issue. */
#ifndef CG_CA_BATCH_H
#define CG_CA_BATCH_H

#include "ca_issue.h"
#include "ca_order.h"

/* One line, cut into words in place: *name points into it, its SANs are added to names. */
bool cg_batch_line(char *line, bool is_server, const char **name, GENERAL_NAMES *names, struct cg_error *err);

int cg_batch_run(const struct cg_cli *cli, const struct cg_order_options *options); /* returns the exit code */

#endif
