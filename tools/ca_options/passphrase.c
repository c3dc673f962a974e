/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "passphrase.h"
#include "base/failure.h"
#include "cli/tty.h"
#include "core/file/file.h"
#include "core/file/file_path.h"
#include "store/owner.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)64 << 10)

static bool first_line(const char *text, size_t len, char out[CG_PASSPHRASE_MAX], struct cg_error *err)
{
    size_t n = 0;
    while (n < len && text[n] != '\n' && text[n] != '\r' && text[n] != '\0')
        n++;
    if (n >= CG_PASSPHRASE_MAX)
        return cg_fail_text(err, "the passphrase is longer than %d bytes", CG_PASSPHRASE_MAX - 1);
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

static bool from_fd(int fd, char out[CG_PASSPHRASE_MAX], struct cg_error *err)
{
    char buffer[CG_PASSPHRASE_MAX + 1];
    size_t n = 0;
    ssize_t got = 0;
    while (n < sizeof buffer && (got = read(fd, buffer + n, sizeof buffer - n)) > 0)
        n += (size_t)got;
    bool ok = got >= 0 && first_line(buffer, n, out, err);
    if (got < 0)
        cg_error_set(err, "cannot read the passphrase from file descriptor %d: it is not open for reading", fd);
    OPENSSL_cleanse(buffer, sizeof buffer);
    return ok;
}

/* A fix that gives access beside the owner's does not help: then others may read it. */
static bool read_file(const char *path, struct cg_bytes *bytes, struct cg_error *err)
{
    char user[CG_FILE_USER_MAX], word[4 * PATH_MAX + 3];
    struct stat st;
    cg_file_user(user);
    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0 && errno == EACCES)
        return cg_fail_text(err, "%s: user %s may not read it. Use a file that belongs to this user, with mode 0600",
                            path, user);
    (void)cg_file_shell_word(path, word, sizeof word);
    if (stat(path, &st) == 0 && st.st_mode & 077)
        return cg_fail_text(err, "%s contains a passphrase and other users can read it (mode %04o); fix: chmod 0600 %s",
                            path, (unsigned)st.st_mode & 07777, word);
    return cg_file_read(path, CG_FILE_PRIVATE_KEY, FILE_LIMIT, bytes, err);
}

bool cg_passphrase_with_rights(const char *path, const struct cg_ca_owner *owner, char out[CG_PASSPHRASE_MAX],
                               struct cg_error *err)
{
    struct cg_bytes bytes;
    const struct cg_file_user before = cg_owner_enter(owner);
    const bool is_read = read_file(path, &bytes, err);
    cg_owner_back(before);
    if (!is_read)
        return false;
    bool ok = first_line((const char *)bytes.data, bytes.len, out, err);
    cg_bytes_wipe(&bytes);
    return ok;
}

bool cg_passphrase_of_file(const char *path, const char *question, char out[CG_PASSPHRASE_MAX], struct cg_error *err)
{
    static const struct cg_ca_owner us;
    return path ? cg_passphrase_with_rights(path, &us, out, err)
                : cg_prompt_secret(question, true, out, CG_PASSPHRASE_MAX, err);
}

static bool is_long_enough(const char *passphrase, struct cg_error *err)
{
    if (strlen(passphrase) >= CG_PASSPHRASE_MIN)
        return true;
    return cg_fail_text(err, "the passphrase is too short (%zu characters); use at least %d, or better four words",
                        strlen(passphrase), CG_PASSPHRASE_MIN);
}

bool cg_passphrase_new(const char *path, const char *option, const char *question, char out[CG_PASSPHRASE_MAX],
                       struct cg_error *err)
{
    if (!path && !cg_tty_is_there())
        return cg_fail_text(err, "cannot ask for a passphrase: there is no terminal; use --%s FILE", option);
    return cg_passphrase_of_file(path, question, out, err) && is_long_enough(out, err);
}

/* ---- the passphrase of the CA key ---- */

static char secret[CG_PASSPHRASE_MAX];
static char setting[PATH_MAX]; /* that it was read from; "" for another source */

static void wipe_secret(void)
{
    OPENSSL_cleanse(secret, sizeof secret);
}

/* From the file that the settings name, or the terminal. Another setting that is wrong does not hold up a revocation or a CRL.
 * Settings that cannot be read are reported where no person can answer. */
static bool from_settings(const struct cg_cli *cli, const char *question, bool confirm, struct cg_error *err)
{
    struct cg_settings settings;
    const bool is_read = cg_settings_load(&settings, cli->dir, err);
    const char *named = cg_settings_text(&settings, "passphrase_file"), *path = named && *named == '/' ? named : NULL;
    bool ok = false;
    if (path && !(ok = cg_passphrase_with_rights(path, &settings.owner, secret, err)))
        cg_error_prefix(err, "cannot read the passphrase_file of %s/" CG_SETTINGS_FILE "%s", cli->dir,
                        settings.owner.other ? " with the rights of the owner of the CA's folder" : "");
    else if (!path && (is_read || cg_tty_is_there()))
        ok = cg_prompt_secret(question, confirm, secret, sizeof secret, err);
    snprintf(setting, sizeof setting, "%s", ok && path ? path : "");
    cg_settings_free(&settings);
    return ok;
}

const char *cg_passphrase_setting(void)
{
    return *setting ? setting : NULL;
}

static bool read_secret(const struct cg_cli *cli, const char *question, bool confirm, struct cg_error *err)
{
    atexit(wipe_secret);
    (void)mlock(secret, sizeof secret); /* may be forbidden; the secret is wiped anyway */
    bool ok = cli->passphrase_fd.given ? from_fd((int)cli->passphrase_fd.value, secret, err)
              : cli->passphrase_file   ? cg_passphrase_of_file(cli->passphrase_file, question, secret, err)
                                       : from_settings(cli, question, confirm, err);
    return ok && (!confirm || is_long_enough(secret, err));
}

const char *cg_passphrase(const struct cg_cli *cli, const char *question, bool confirm, struct cg_error *err)
{
    static enum { NOT_ASKED, KNOWN, FAILED } state;
    static struct cg_error fault;
    if (state == NOT_ASKED)
        state = read_secret(cli, question, confirm, &fault) ? KNOWN : FAILED;
    if (state == FAILED)
        cg_error_set(err, "%s", fault.text);
    return state == KNOWN ? secret : NULL;
}

const char *cg_passphrase_of_key(const struct cg_cli *cli, struct cg_error *err)
{
    return cg_passphrase(cli, "Passphrase or PIN of the CA key", false, err);
}

bool cg_passphrase_is_elsewhere(const struct cg_cli *cli)
{
    struct cg_settings settings;
    const bool is_given = cli->passphrase_fd.given || cli->passphrase_file;
    const bool is_set = !is_given && cg_settings_load(&settings, cli->dir, NULL) &&
                        cg_settings_text(&settings, "passphrase_file");
    if (!is_given)
        cg_settings_free(&settings);
    return is_given || is_set;
}

bool cg_passphrase_remember(const struct cg_cli *cli, struct cg_settings *settings, struct cg_error *err)
{
    const bool is_named = cli->passphrase_file && !cli->passphrase_fd.given && !settings->owner.other;
    return !is_named || cg_settings_set_file(settings, "passphrase_file", cli->passphrase_file, err);
}

/* A key at a URI is not examined: whether it needs a PIN shows when it is used. */
void cg_passphrase_ahead(const struct cg_cli *cli, const char *folder)
{
    char path[PATH_MAX];
    struct cg_bytes bytes = {0};
    if (cg_passphrase_is_elsewhere(cli) || !cg_tty_is_there() ||
        snprintf(path, sizeof path, "%s/%s/key.pem", cli->dir, folder) >= (int)sizeof path ||
        !cg_file_read(path, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, NULL))
        return;
    bool sealed = memmem(bytes.data, bytes.len, "ENCRYPTED", 9);
    cg_bytes_wipe(&bytes);
    if (sealed)
        (void)cg_passphrase_of_key(cli, NULL);
}
