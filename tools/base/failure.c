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
    {ENOSPC, ". Free disk space and try again"},
    {EDQUOT, ". The disk quota is used up. Free space and try again"},
    {EROFS, ". Mount the file system writable, or choose another folder with -C"},
    {EACCES, ". Run certguard as the owner of the folder, or choose another folder with -C"},
    {EPERM, ". Run certguard as the owner of the folder, or as root to change owners"},
    {ENOENT, ". Check the path and -C"},
    {EEXIST, ". Another program created it. Move it away"},
};

bool cg_fail_errno(struct cg_error *err, const char *action, const char *object)
{
    int number = errno;
    const char *fix = "";
    for (size_t i = 0; i < sizeof fixes / sizeof fixes[0]; i++)
        if (fixes[i].number == number)
            fix = fixes[i].fix;
    return cg_fail_text(err, "cannot %s %s: %s%s", action, object, strerror(number), fix);
}

bool cg_fail_memory(struct cg_error *err)
{
    return cg_fail_text(err, "out of memory");
}

bool cg_fail_openssl(struct cg_error *err, const char *action, const char *object)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    cg_error_set(err, "cannot %s %s: %s", action, object, reason ? reason : "OpenSSL gives no reason");
    ERR_clear_error();
    return false;
}
