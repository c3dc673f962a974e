/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Values as typed on the command line or written in files, and words for messages. Strings are borrowed.
 * Called by cli.c, the verbs, and the libraries that take such values. */
#ifndef CG_VALUES_H
#define CG_VALUES_H

#include "base/duration.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_list {
    const char **item; /* borrowed strings */
    size_t count;
};

struct cg_number {
    bool given;
    int64_t value;
};

/* Seconds since 1970: "2049-12-31T23:59:59Z", "+30d", "-1h", "SECONDS", "@SECONDS". */
bool cg_time_parse(const char *text, int64_t *seconds);

/* Quoted if a shell would interpret any of its characters; malloc'ed. */
char *cg_shell_word(const char *text);

/* Is the end of the name this suffix, with at least one character before it? */
bool cg_ends_in(const char *name, const char *suffix);

/* "" for one, otherwise "s": "%zu certificate%s". */
const char *cg_plural(size_t count);

#endif
