/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Users of this system, for error texts. Called by the core and by the tool. */
#ifndef CG_USER_H
#define CG_USER_H

#include <sys/types.h>

/* The user with whose rights this thread opens files: the effective user, unless root has taken those of another one
 * (setfsuid). */
uid_t cg_file_uid(void);

/* Its name, or its number. */
#define CG_FILE_USER_MAX 64
void cg_file_user(char out[CG_FILE_USER_MAX]);

void cg_user_text(uid_t uid, char out[CG_FILE_USER_MAX]); /* the name, or the number */

#endif
