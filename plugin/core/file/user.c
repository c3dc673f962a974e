/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "user.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <unistd.h>

void cg_user_text(uid_t uid, char out[CG_FILE_USER_MAX])
{
    struct passwd entry, *found = NULL;
    char buffer[4096];
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        snprintf(out, CG_FILE_USER_MAX, "%s", found->pw_name);
    else
        snprintf(out, CG_FILE_USER_MAX, "%u", (unsigned)uid);
}

/* The number that is no user's changes nothing, and returns the current one. Only for root: a service may be ended for this
 * system call (SystemCallFilter). */
uid_t cg_file_uid(void)
{
    const uid_t user = geteuid();
    return user == 0 ? (uid_t)setfsuid((uid_t)-1) : user;
}

void cg_file_user(char out[CG_FILE_USER_MAX])
{
    cg_user_text(cg_file_uid(), out);
}
