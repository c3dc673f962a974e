/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "failure.h"

#include <openssl/err.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct {
    int number;
    const char *fix;
} fixes[] = {
    {ENOSPC, "; free some space and run it again"},
    {EDQUOT, "; the disk quota is used up: free some space and run it again"},
    {EROFS, "; the file system is read-only: mount it writable or choose another folder with -C"},
    {EACCES, "; run it as the owner of the folder, or choose another folder with -C"},
    {EPERM, "; run it as the owner of the folder, or as root where owners are to be changed"},
    {ENOENT, "; is the path right, and -C?"},
    {EEXIST, "; it was left there by something else: move it away"},
};

bool cg_fail_errno(struct cg_error *err, const char *action, const char *path)
{
    int number = errno;
    const char *fix = "";
    for (size_t i = 0; i < sizeof fixes / sizeof fixes[0]; i++)
        if (fixes[i].number == number)
            fix = fixes[i].fix;
    cg_error_set(err, "cannot %s %s: %s%s", action, path, strerror(number), fix);
    return false;
}

bool cg_fail_openssl(struct cg_error *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    cg_error_set(err, "%s: %s", what, reason ? reason : "OpenSSL gives no reason");
    ERR_clear_error();
    return false;
}
