/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Names of users on this system. Called by the core for error texts, and by the tool. */
#ifndef CG_USER_H
#define CG_USER_H

#include <sys/types.h>

/* Name of the effective user of this process, or its number. */
#define CG_FILE_USER_MAX 64
void cg_file_user(char out[CG_FILE_USER_MAX]);

void cg_user_text(uid_t uid, char out[CG_FILE_USER_MAX]); /* the name, or the number */

#endif
