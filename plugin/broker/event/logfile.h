/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A file to which whole lines are appended. Owned and used by the writer thread of eventlog.c. */
#ifndef CG_LOGFILE_H
#define CG_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cg_logfile {
    const char *path; /* borrowed */
    int fd;           /* -1: not open */
    dev_t device;
    ino_t inode;
    bool torn; /* the file ends with an incomplete line */
};

/* Return 0 or an errno value. */
int cg_logfile_open(struct cg_logfile *file, const char *path);
int cg_logfile_follow(struct cg_logfile *file); /* reopens path if the file was moved or deleted */
int cg_logfile_append(struct cg_logfile *file, const char *data, size_t len); /* data ends with a newline */
void cg_logfile_close(struct cg_logfile *file);

#endif
