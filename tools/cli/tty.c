/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tty.h"
#include "base/clock.h"
#include "base/failure.h"
#include "cli.h"
#include "exit_code.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ui.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SECRET_MAX 256 /* with the terminating NUL */

const char *cg_colour(int fd, enum cg_colour colour)
{
    static const char *const sequence[] = {"\033[0m", "\033[1m", "\033[31m", "\033[32m", "\033[33m", "\033[2m"};
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    bool plain = (none && *none) || !term || strcmp(term, "dumb") == 0 || !isatty(fd);
    return plain ? "" : sequence[colour];
}

int cg_tty_columns(int fd)
{
    struct winsize size = {0};
    return isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool cg_tty_is_there(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* OpenSSL's prompt: it does not echo, and restores the terminal on every signal. */
static bool prompt_once(const char *question, char *out, size_t size)
{
    char text[320];
    UI *ui = UI_new_method(UI_OpenSSL());
    snprintf(text, sizeof text, "%s: ", question);
    int done = ui && UI_add_input_string(ui, text, 0, out, 0, (int)size - 1) > 0 ? UI_process(ui) : -1;
    UI_free(ui);
    ERR_clear_error();
    if (done == -2) /* Ctrl-C; the lock ends with the process */
        exit(CG_EXIT_INTERRUPTED);
    return done == 0;
}

bool cg_prompt_secret(const char *question, bool confirm, char *out, size_t size, struct cg_error *err)
{
    char again[SECRET_MAX] = "", repeat[128];
    memset(out, 0, size);
    if (!cg_tty_is_there()) /* without a terminal, OpenSSL would read standard input */
        return cg_fail_text(err, "cannot ask for a passphrase: there is no terminal; "
                                 "use --passphrase-file FILE or --passphrase-fd N");
    snprintf(repeat, sizeof repeat, "%s again", question);
    size = size < sizeof again ? size : sizeof again;
    bool ok = prompt_once(question, out, size) && (!confirm || prompt_once(repeat, again, sizeof again));
    if (!ok)
        cg_error_set(err, "no passphrase was read from the terminal");
    else if (confirm && strcmp(out, again) != 0) {
        cg_error_set(err, "the two passphrases differ; nothing was changed, try again");
        ok = false;
    }
    OPENSSL_cleanse(again, sizeof again);
    if (!ok)
        OPENSSL_cleanse(out, size);
    return ok;
}

bool cg_ask_yes(const char *question, bool *yes, struct cg_error *err)
{
    char answer[16];
    *yes = false;
    FILE *tty = fopen("/dev/tty", "r+e");
    if (!tty)
        return cg_fail_text(err, "cannot ask for confirmation: there is no terminal; use --yes");
    fprintf(tty, "%s [y/N] ", question);
    fflush(tty);
    *yes = fgets(answer, sizeof answer, tty) && (strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0);
    fclose(tty);
    return true;
}

/* ---- progress ---- */

#define QUIET_MS INT64_C(1000) /* shorter work shows nothing */
#define STEP_MS  INT64_C(100)  /* between two counts */

static bool line_is_shown;

static void show_progress(struct cg_progress *progress, size_t done, size_t total)
{
    const int64_t now = cg_monotonic_ms(), elapsed = now - progress->started_ms;
    if (elapsed < QUIET_MS || now - progress->shown_ms < STEP_MS)
        return;
    const double rate = (double)done * 1000.0 / (double)elapsed;
    progress->shown_ms = now;
    line_is_shown = true;
    if (total)
        fprintf(stderr, "\r%s %zu/%zu (%.0f/s)\033[K", progress->what, done, total, rate);
    else
        fprintf(stderr, "\r%s %zu (%.0f/s)\033[K", progress->what, done, rate);
}

struct cg_progress cg_progress_of(const struct cg_cli *cli, const char *what)
{
    const bool is_watched = !cli->quiet && !cli->json && isatty(STDERR_FILENO);
    return (struct cg_progress){
        .what = what, .show = is_watched ? show_progress : NULL, .started_ms = cg_monotonic_ms()};
}

void cg_progress_clear(void)
{
    if (line_is_shown)
        fputs("\r\033[K", stderr);
    line_is_shown = false;
}
