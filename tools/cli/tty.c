/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tty.h"
#include "base/clock.h"
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
#include <unistd.h>

#define SECRET_MAX 256 /* with its end */

const char *cg_colour(int fd, enum cg_colour colour)
{
    static const char *const sequence[] = {"\033[0m", "\033[1m", "\033[31m", "\033[32m", "\033[33m", "\033[2m"};
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    bool plain = (none && *none) || !term || strcmp(term, "dumb") == 0 || !isatty(fd);
    return plain ? "" : sequence[colour];
}

bool cg_tty_is_there(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* OpenSSL's own prompt: it hides what is typed, and gives the terminal back whatever signal comes in between. */
static bool ask(const char *question, char *out, size_t size)
{
    char prompt[320];
    UI *ui = UI_new_method(UI_OpenSSL());
    snprintf(prompt, sizeof prompt, "%s: ", question);
    int done = ui && UI_add_input_string(ui, prompt, 0, out, 0, (int)size - 1) > 0 ? UI_process(ui) : -1;
    UI_free(ui);
    ERR_clear_error();
    if (done == -2) /* Ctrl-C. The lock and the rest go with the process, as when a run is killed */
        exit(CG_EXIT_INTERRUPTED);
    return done == 0;
}

bool cg_prompt_secret(const char *question, bool confirm, char *out, size_t size, struct cg_error *err)
{
    char again[SECRET_MAX] = "", repeat[128];
    memset(out, 0, size);
    if (!cg_tty_is_there()) { /* asked before: OpenSSL would read standard input then */
        cg_error_set(err, "a passphrase is needed and there is no terminal to ask for it; "
                          "use --passphrase-file FILE or --passphrase-fd N");
        return false;
    }
    snprintf(repeat, sizeof repeat, "%s again", question);
    size = size < sizeof again ? size : sizeof again;
    bool ok = ask(question, out, size) && (!confirm || ask(repeat, again, sizeof again));
    if (!ok)
        cg_error_set(err, "no passphrase was read from the terminal");
    else if (confirm && strcmp(out, again) != 0) {
        cg_error_set(err, "the two passphrases differ; nothing was done, try again");
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
    if (!tty) {
        cg_error_set(err, "there is no terminal to ask on: say --yes");
        return false;
    }
    fprintf(tty, "%s [y/N] ", question);
    fflush(tty);
    *yes = fgets(answer, sizeof answer, tty) && (strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0);
    fclose(tty);
    return true;
}

void cg_progress(const char *label, size_t done, size_t total)
{
    static int64_t started, last;
    if (!isatty(STDERR_FILENO))
        return;
    int64_t now = cg_monotonic_ms();
    if (!started)
        started = now;
    if (done < total && now - last < 100)
        return;
    last = now;
    double seconds = (double)(now - started) / 1000.0;
    fprintf(stderr, "\r%s %zu/%zu (%.0f/s)\033[K%s", label, done, total, seconds > 0 ? (double)done / seconds : 0.0,
            done >= total ? "\n" : "");
}
