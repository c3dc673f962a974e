/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Writes docs/reasons.md from the reason table to standard output. A test compares the two. */
#include "core/base/reason.h"

#include <stdio.h>

struct section {
    enum cg_reason_kind kind;
    const char *title, *text;
};

static const struct section sections[] = {
    {CG_KIND_RULE, "Rules on a certificate and its path",
     "Checked in every handshake, in this order: where several fail, the first is reported. Each can be set to "
     "`enforce`,\n`audit` or `off` under its code in the policy's `rules`."},
    {CG_KIND_HANDSHAKE, "Handshakes that failed before or beside the certificate check",
     "The connection did not come to an end of its handshake; `openssl` in the event has the library's own words where "
     "there\nare any."},
    {CG_KIND_CONNECT, "CONNECT, after the handshake",
     "TLS was fine, but this client may not be who it says it is. MQTT 5 clients get reason code 0x87 (Not "
     "authorized), "
     "older\nones return code 5."},
    {CG_KIND_FILE, "Files", "At start the broker does not come up; later the state before stays in force."},
    {CG_KIND_FAULT, "Faults", "Not the certificate's doing. Always a denial, never relaxed."},
    {CG_KIND_NONE, "Other", "Codes that stand for no refusal, or for none yet."},
};

static const char *const titles[CG_CERT_OWNER_COUNT] = {
    [CG_OF_CLIENT] = "What to do",
    [CG_OF_BROKER] = "Of the broker's own certificate",
    [CG_OF_BRIDGE] = "Of a broker that a bridge connects to",
};

static void print_fixes(enum cg_reason reason)
{
    const char *general = cg_reason_fix(reason, CG_OF_CLIENT);
    for (int h = 0; h < CG_CERT_OWNER_COUNT; h++) {
        const char *fix = cg_reason_fix(reason, (enum cg_cert_owner)h);
        if (h == CG_OF_CLIENT || fix != general)
            printf("%s: %s\n\n", titles[h], fix);
    }
}

static void print_reason(enum cg_reason reason)
{
    const struct cg_reason_row *row = cg_reason_row(reason);
    printf("### `%s`\n\n%s", row->code, row->sentence);
    if (row->ref && *row->ref)
        printf(" (%s)", row->ref);
    printf("\n\n");
    print_fixes(reason);
}

int main(void)
{
    puts(
        "# Reason codes\n\n"
        "Every refusal names one of these codes: as `reason` in the event, in square brackets in the broker's log, and "
        "in the\noutput of `certguard check`. Codes do not change between versions.\n\n"
        "This file is made from the table in `plugin/core/base/reason.c` (`cmake --build build/dev --target docs`).\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        printf("## %s\n\n%s\n\n", sections[i].title, sections[i].text);
        for (int reason = 0; reason < CG_REASON_COUNT; reason++) {
            if (cg_reason_row((enum cg_reason)reason)->kind == sections[i].kind)
                print_reason((enum cg_reason)reason);
        }
    }
    return 0;
}
