/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "user.h"

#include <pwd.h>
#include <stdio.h>
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

void cg_file_user(char out[CG_FILE_USER_MAX])
{
    cg_user_text(geteuid(), out);
}
