/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The file of --batch: a list with one entry per line, from a file or standard input. Called by the verbs that take one,
 * before they open the CA: standard input may take its time, and the file is read with the caller's rights. */
#ifndef CG_TOOLS_CA_OPTIONS_BATCH_FILE_H
#define CG_TOOLS_CA_OPTIONS_BATCH_FILE_H

#include "cli/cli.h"

struct cg_bytes;

/* False: it is given twice, so that the first one would be left out, or with another use of standard input. */
bool cg_batch_file_check(const struct cg_cli *cli, const struct cg_list *given, struct cg_error *err);

/* A NUL follows the bytes, which the caller frees in every case. Without the byte order mark of other systems. */
bool cg_batch_file_read(const char *file, struct cg_bytes *bytes, struct cg_error *err);

#endif
