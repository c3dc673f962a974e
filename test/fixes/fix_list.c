/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Prints every command and policy key in a fix, one per line: where it is printed (fix, log, lint), the reason or rule, whose
 * certificate it is about, and the command or key. For lint, it prints the whole fix if that contains a command. fixes.sh must
 * have a row for each line. */
#include "core/base/reason.h"
#include "lint/lint.h"
#include "log/fix.h"

#include <stdio.h>
#include <string.h>

static const char *const whose_words[CG_CERT_OWNER_COUNT] = {"client", "server", "bridge"};

static void print(const char *where, enum cg_reason reason, int cert_owner, const char *text, size_t len)
{
    printf("%s|%s|%s|%.*s\n", where, cg_reason_row(reason)->code, whose_words[cert_owner], (int)len, text);
}

/* Commands are in backticks. */
static void print_commands(enum cg_reason reason, int cert_owner, const char *fix)
{
    for (const char *at = strchr(fix, '`'), *end; at && (end = strchr(at + 1, '`')); at = strchr(end + 1, '`'))
        print("fix", reason, cert_owner, at + 1, (size_t)(end - at - 1));
}

/* Policy keys are named by their path: "client.eku.allow_any". */
static void print_keys(enum cg_reason reason, int cert_owner, const char *fix)
{
    static const char *const sections[] = {"client", "server", "bridge", "trust", "tls", "identity"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_.";
    for (const char *at = fix; *at; at += strspn(at, letters) ? strspn(at, letters) : 1) {
        size_t len = strspn(at, letters);
        while (len && at[len - 1] == '.')
            len--;
        for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
            size_t section = strlen(sections[i]);
            if (len > section && strncmp(at, sections[i], section) == 0 && at[section] == '.')
                print("fix", reason, cert_owner, at, len);
        }
    }
}

static void print_log_fix(enum cg_reason reason, int cert_owner)
{
    char command[CG_FIX_MAX];
    const struct cg_log_event event = {.event = "",
                                       .reason = cg_reason_row(reason)->code,
                                       .subject = "",
                                       .client_id = "",
                                       .file = "",
                                       .cert_owner = (enum cg_cert_owner)cert_owner};
    if (cg_log_fix(&event, command))
        print("log", reason, cert_owner, command, strlen(command));
}

static void print_lint_fixes(void)
{
    static const char *const commands[] = {"certguard ", "chmod ", "chown ", "openssl ", "systemctl "};
    const struct cg_rule_row *row;
    for (size_t i = 0; (row = cg_lint_row(i)); i++) {
        bool found = false;
        for (size_t c = 0; c < sizeof commands / sizeof *commands; c++)
            found = found || strstr(row->fix, commands[c]);
        if (found)
            printf("lint|%s|file|%s\n", row->id, row->fix);
    }
}

int main(void)
{
    print_lint_fixes();
    for (int i = 0; i < CG_REASON_COUNT; i++)
        for (int cert_owner = 0; cert_owner < CG_CERT_OWNER_COUNT; cert_owner++) {
            enum cg_reason reason = (enum cg_reason)i;
            const char *fix = cg_reason_fix(reason, (enum cg_cert_owner)cert_owner);
            bool general = cert_owner > 0 && fix == cg_reason_fix(reason, CG_OF_CLIENT);
            if (!general) {
                print_commands(reason, cert_owner, fix);
                print_keys(reason, cert_owner, fix);
            }
            print_log_fix(reason, cert_owner);
        }
    return 0;
}
