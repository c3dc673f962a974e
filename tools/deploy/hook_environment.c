/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "hook_environment.h"
#include "base/array.h"
#include "store/index.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAFE_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct environment {
    char **item;
    size_t count;
    bool ok;
};

static void add(struct environment *e, const char *name, const char *value)
{
    char **grown = e->ok && value ? cg_array_grow(e->item, e->count, sizeof *grown) : NULL;
    if (!value)
        return;
    if (grown)
        e->item = grown;
    e->ok = grown && asprintf(&grown[e->count], "%s=%s", name, value) >= 0;
    e->count += e->ok;
}

/* Without what is meant for this process: the files of passphrases, for example. */
static void add_own(struct environment *e)
{
    for (char **p = environ; *p; p++) {
        const size_t len = strcspn(*p, "=");
        char name[64];
        if (strncmp(*p, "CERTGUARD_", 10) == 0 || !(*p)[len] || len >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)len, *p);
        add(e, name, *p + len + 1);
    }
}

/* Root's environment is not for another user. */
static void add_of_user(struct environment *e, const struct passwd *user)
{
    add(e, "PATH", SAFE_PATH);
    add(e, "LANG", getenv("LANG"));
    add(e, "TZ", getenv("TZ"));
    add(e, "HOME", user ? user->pw_dir : "/");
    add(e, "USER", user ? user->pw_name : NULL);
    add(e, "LOGNAME", user ? user->pw_name : NULL);
}

static void add_facts(struct environment *e, const struct cg_ca *ca, const struct cg_target *target, const char *verb)
{
    char parts[CG_PARTS_MAX];
    X509 *cert = cg_ca_live_cert(ca, target->name, NULL);
    char *serial = cert ? cg_index_serial(X509_get0_serialNumber(cert)) : NULL;
    char *dir = realpath(ca->dir, NULL);
    add(e, "CERTGUARD_DIR", dir);
    add(e, "CERTGUARD_NAME", target->name);
    add(e, "CERTGUARD_FOLDER", target->to);
    add(e, "CERTGUARD_CHANGED", cg_parts_text(target->pending, parts));
    add(e, "CERTGUARD_CONNECT", target->connect);
    add(e, "CERTGUARD_SERIAL", serial);
    add(e, CG_HOOK_MARK, verb);
    free(dir);
    OPENSSL_free(serial);
    X509_free(cert);
}

void cg_hook_environment_free(char **item)
{
    for (char **p = item; p && *p; p++)
        free(*p);
    free((void *)item);
}

char **cg_hook_environment(const struct cg_ca *ca, const struct cg_target *target, const char *verb, bool is_other,
                           const struct passwd *user)
{
    struct environment e = {.ok = true};
    if (is_other)
        add_of_user(&e, user);
    else
        add_own(&e);
    add_facts(&e, ca, target, verb);
    char **grown = e.ok ? cg_array_grow(e.item, e.count, sizeof *grown) : NULL;
    if (grown) {
        grown[e.count] = NULL;
        return grown;
    }
    while (e.count)
        free(e.item[--e.count]);
    free((void *)e.item);
    return NULL;
}
