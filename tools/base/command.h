/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A command of the user, run by /bin/sh beside this process: its own session without a terminal, the null device as input, no
 * other open file, the root folder as working folder, and a time limit. Its output is read by lines.
 * The caller owns the struct, fills the first part, and calls cg_command_poll until it is true. Called by the hooks. */
#ifndef CG_COMMAND_H
#define CG_COMMAND_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CG_COMMAND_LINE  240
#define CG_COMMAND_TAIL  3    /* lines */
#define CG_COMMAND_SHOWN 1000 /* lines; the last of them says that there are more */

struct cg_command_user {
    bool is_set; /* else with the rights of this process */
    uid_t uid;
    gid_t gid;
    const char *name; /* whose groups it gets; NULL: none but gid */
};

struct cg_command {
    const char *text;
    char *const *environment; /* NULL-terminated */
    struct cg_command_user user;
    /* The limit: then its process group gets SIGTERM, and SIGKILL 5 s later. A process that left the group stays. */
    int64_t seconds;
    void (*line)(const void *context, const char *line); /* not escaped; long ones are cut; may be NULL */
    const void *context;

    /* The result: "" or why it failed, as "exit code 23". */
    char why[96];
    char tail[CG_COMMAND_TAIL][CG_COMMAND_LINE]; /* the last lines, the newest first */

    /* private */
    pid_t child;
    int output;
    int64_t end;
    bool is_ending, is_killed;
    char part[CG_COMMAND_LINE]; /* of a line */
    size_t len, lines;
};

bool cg_command_start(struct cg_command *command, struct cg_error *err);

/* True once it has ended; does not wait. */
bool cg_command_poll(struct cg_command *command);

/* Ends it before its limit; poll on. why: the reason, as "stopped by a signal". */
void cg_command_stop(struct cg_command *command, const char *why);

#endif
