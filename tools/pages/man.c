/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pages.h"
#include "verb_table.h"

#include <stdio.h>

/* Escapes what roff interprets: backslash, hyphen, and a dot or quote at the start of a line. An empty line starts a
 * paragraph. */
static void roff(const char *text)
{
    bool at_start = true;
    for (; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (text[0] == '\n' && text[1] == '\n') {
            fputs("\n.PP", stdout);
            text++;
        }
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        at_start = *text == '\n';
    }
}

static void man_option(const struct cg_option *o)
{
    printf(".TP\n\\fB");
    if (o->letter)
        printf("\\-%c\\fR, \\fB", o->letter);
    roff("--");
    roff(o->name);
    printf("\\fR");
    if (o->argument) {
        printf(" \\fI");
        roff(o->argument);
        printf("\\fR");
    }
    putchar('\n');
    roff(o->help);
    printf(".\n");
}

static void man_verb(const struct cg_verb *verb)
{
    printf(".SS \"certguard %s ", verb->name);
    roff(verb->arguments);
    printf("\"\n");
    roff(verb->summary);
    printf(".\n.PP\n");
    roff(verb->description);
    putchar('\n');
    cg_page_options(verb, CG_SET_OWN, CG_SET_KEY, man_option);
    if (verb->exits) {
        printf(".PP\nExit codes: ");
        roff(verb->exits);
        printf("\n");
    }
    printf(".PP\n.nf\n.RS\n");
    roff(verb->examples);
    printf("\n.RE\n.fi\n");
}

static void man_terms(const char *const (*rows)[2], size_t count, char font)
{
    for (size_t i = 0; i < count; i++) {
        printf(".TP\n.%c ", font);
        roff(rows[i][0]);
        putchar('\n');
        roff(rows[i][1]);
        putchar('\n');
    }
}

static void man_environment(void)
{
    static const char *const ours[][2] = {
        {"CERTGUARD_DIR", "folder of the CA if -C is not given"},
        {"CERTGUARD_PASSPHRASE_FILE", "file with the passphrase of the CA key if neither --passphrase-file nor "
                                      "--passphrase-fd is given; it takes precedence over certguard.json"},
        {"NO_COLOR", "if set, no color on terminals"},
    };
    static const char *const hooks[][2] = {
        {"CERTGUARD_NAME", "the name that is deployed"},
        {"CERTGUARD_FOLDER", "the folder whose files changed"},
        {"CERTGUARD_CHANGED", "what changed since the hook last succeeded, one or more of the words certificate (with "
                              "its key and chain), ca "
                              "and crl, separated by blanks"},
        {"CERTGUARD_VERB",
         "the verb that runs the hook. certguard does not run hooks if it is set, so a hook may call it. If the hook "
         "itself changes files of the folder, for example by crl, it has to run again after each run"},
        {"CERTGUARD_SERIAL", "serial number of the live certificate, hexadecimal"},
        {"CERTGUARD_CONNECT", "HOST:PORT of --connect, if it is recorded"},
        {"CERTGUARD_DIR", "the folder of the CA"},
    };
    printf(".SH ENVIRONMENT\n");
    man_terms(ours, CG_COUNT(ours), 'B');
    printf(".PP\nA hook (option \\-\\-hook of deploy) gets these variables. Other variables of certguard are removed. "
           "If root works "
           "on the CA of another user, the hook gets that user's rights, and of root's variables only LANG and TZ.\n");
    man_terms(hooks, CG_COUNT(hooks), 'B');
}

void cg_page_man(void)
{
    printf(
        ".TH CERTGUARD 1 \"\" \"certguard %s\" \"User Commands\"\n.SH NAME\ncertguard \\- private CA for MQTT brokers, "
        "and the certificate checks of mosquitto_certguard\n.SH SYNOPSIS\n.B certguard\n[\\fIOPTIONS\\fR] \\fIVERB\\fR "
        "[\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n",
        CG_VERSION);
    roff("certguard runs a small certification authority (CA) for an MQTT broker and its clients. It also checks\n"
         "certificates exactly as the broker plugin mosquitto_certguard does. Messages go to standard error, results "
         "to\n"
         "standard output. With --json, standard output contains only JSON.\n");
    printf(".SH OPTIONS\n");
    cg_page_options(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, man_option);
    printf(".SH VERBS\n");
    for (size_t i = 0; cg_verbs[i]; i++)
        man_verb(cg_verbs[i]);
    printf(".SH EXIT STATUS\n0 success; 1 failure; 3 findings (a rejected certificate, lint or doctor findings); "
           "64 wrong usage; 75 another run holds the lock (try again later);\n"
           "130 interrupted at a prompt.\n");
    printf(".SH FILES\n");
    static const char *const files[][2] = {
        {"ca.pem", "the trust anchor, for brokers and devices"},
        {"crl.pem, crl.der", "the certificate revocation lists"},
        {"live/NAME/", "privkey.pem, cert.pem, chain.pem, fullchain.pem: a link to the current generation in archive/"},
        {"index.txt, crlnumber", "the database, in the format of openssl ca"},
        {"certguard.json", "the settings of the CA: see certguard config"},
        {"deploy/NAME.json", "the folders where NAME is deployed, their hooks, and whether a hook has to run"},
        {"rotate/NAME.json", "the unfinished rotation of NAME, if there is one"},
        {"journal.jsonl", "every certificate issued or revoked, as one JSON object per line"},
        {"ca/key.pem", "the key of the CA; with an intermediate, the root's key is in root/key.pem"},
    };
    man_terms(files, CG_COUNT(files), 'I');
    man_environment();
    printf(".SH SEE ALSO\n.BR mosquitto_certguard (8),\n.BR certguard\\-policy (5),\n"
           ".BR certguard\\-events (5),\n.BR certguard\\-reasons (5),\n.BR certguard\\-control (5),\n.BR mosquitto "
           "(8),\n.BR mosquitto.conf (5),\n.BR openssl (1)\n");
}
