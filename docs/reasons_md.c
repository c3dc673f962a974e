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
     "Every handshake checks these rules in this order. If several fail, the first is the `reason` of the event, and "
     "`also` lists the\nothers. `rules` in the policy sets a code to `enforce`, `audit` or, for most codes, `off`."},
    {CG_KIND_HANDSHAKE, "Handshakes that failed for other reasons",
     "The handshake did not complete. If OpenSSL reported an error, the field `openssl` of the event contains it."},
    {CG_KIND_CONNECT, "CONNECT, after the handshake",
     "The broker refused the CONNECT, or ended the session. A refused MQTT 5 client gets reason code 0x87 (Not "
     "authorized), an MQTT\n3 client return code 5."},
    {CG_KIND_RENEWAL, "Renewal over MQTT",
     "The broker or the CA refused a request for a new certificate. The client's current certificate stays valid."},
    {CG_KIND_FILE, "Files",
     "The broker does not start with such a file. A running broker keeps the previous version in use."},
    {CG_KIND_FAULT, "Faults",
     "The certificate is not the cause. The result is always a denial, and no policy relaxes it."},
    {CG_KIND_NONE, "Other", "These codes are not refusals."},
};

static const char *const titles[CG_CERT_OWNER_COUNT] = {
    [CG_OF_CLIENT] = "What to do",
    [CG_OF_BROKER] = "For the broker's own certificate",
    [CG_OF_BRIDGE] = "For a broker that a bridge connects to",
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
        "# Reason codes\n\nEvery refusal has one of these codes. It is the field `reason` of the event, it is in "
        "square brackets in the broker's log,\nand `certguard check` prints it. Codes do not change between "
        "versions.\n\nA *path* is the chain of certificates from the certificate of the peer to a *trust anchor*, a CA "
        "certificate that the policy\ntrusts. Everything between them is an *intermediate*. Keys such as "
        "`client.max_chain` are described in [policy.md](policy.md).\n\n"
        "A certificate is valid from its *notBefore* to its *notAfter*. A certificate revocation list (CRL) lists "
        "revoked\ncertificates, and is valid from its *thisUpdate* to its *nextUpdate*.\n\n"
        "This file is generated from the table in `plugin/core/base/reason.c` (`cmake --build build/dev "
        "--target docs`).\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        printf("## %s\n\n%s\n\n", sections[i].title, sections[i].text);
        for (int reason = 0; reason < CG_REASON_COUNT; reason++) {
            if (cg_reason_row((enum cg_reason)reason)->kind == sections[i].kind)
                print_reason((enum cg_reason)reason);
        }
    }
    return 0;
}
