/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Names of the users of this system. */
#ifndef CG_USER_H
#define CG_USER_H

#include <sys/types.h>

/* Name of the user that this process runs as, or its number. */
#define CG_FILE_USER_MAX 64
void cg_file_user(char out[CG_FILE_USER_MAX]);

void cg_user_text(uid_t uid, char out[CG_FILE_USER_MAX]); /* its name, or its number */

#endif
