/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "deploy/rotate.h"
#include "broker/tls_probe.h"
#include "ca_options/ca_options.h"
#include "ca_options/hooks.h"
#include "ca_options/names.h"
#include "ca_options/passphrase.h"
#include "verbs.h"

#include <signal.h>
#include <string.h>

#define TIMEOUT_MAX 3600

struct options {
    const char *connect;
    struct cg_number timeout;
    int64_t lifetime;
};

static const struct cg_option options[] = {
    {"connect", "HOST:PORT", "address of the broker (default: as remembered by deploy, or localhost:8883)",
     CG_OPT_STRING, 0, AT(connect)},
    {"timeout", "SECONDS", "how long to wait for the broker, 1 to 3600 (default 30)", CG_OPT_NUMBER, 0, AT(timeout)},
    {"lifetime", "DURATION", "validity (default: unchanged)", CG_OPT_LIFETIME, 0, AT(lifetime)},
};

/* ---- signals: a stopped run still restores the previous certificate */

static volatile sig_atomic_t stopped;

static void note_signal(int number)
{
    stopped = number;
}

/* Signals that the parent process set to be ignored stay ignored. */
static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < CG_COUNT(numbers); i++) {
        struct sigaction old, ours = {.sa_handler = note_signal};
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &ours, NULL);
    }
}

static bool is_stopped(const void *context, struct cg_error *err)
{
    (void)context;
    if (stopped)
        cg_error_set(err, "stopped by a signal (%s)", strsignal(stopped));
    return stopped;
}

/* ---- the verb */

static cJSON *say_rotated(const struct cg_cli *cli, struct cg_rotate *run)
{
    char end[24], where[512] = "";
    cJSON *result = run->renewed.result;
    cg_rotate_addresses(run, where, sizeof where);
    cg_say_shortened(cli, run->ca, run->renewed.issued.shortened);
    cg_date_text(X509_get0_notAfter(run->renewed.issued.cert), end);
    cg_say(cli,
           cli->dry_run ? "Would rotate \"%s\" to generation %u, valid until %s, and check that %s serves it."
                        : "Rotated \"%s\" to generation %u, valid until %s; %s serves it.",
           run->request.name, run->renewed.generation, end, where);
    if (cli->dry_run)
        cg_say_hooks(cli, &run->targets);
    cJSON_AddStringToObject(result, "served_at", where);
    run->renewed.result = NULL;
    return result;
}

static int make_and_prove(const struct cg_cli *cli, struct cg_rotate *run, struct cg_error *err)
{
    struct cg_issuer issuer = {0};
    bool ok = cg_verb_open_issuer(&issuer, cli, run->ca, err);
    catch_signals(); /* after the prompt, which handles signals itself */
    ok = ok && cg_rotate_make(run, &issuer, err);
    cg_issuer_close(&issuer); /* the key is not needed while the broker reloads */
    if (!ok)
        return CG_EXIT_FAILED;
    return cli->dry_run ? CG_EXIT_OK : cg_ca_exit_code(cg_rotate_prove(run, err));
}

static int rotate(const struct cg_cli *cli, const struct cg_rotate_request *request, cJSON **result,
                  struct cg_error *err)
{
    struct cg_rotate run = {.rotation = {-1}};
    struct cg_ca ca;
    int code = is_stopped(NULL, err) ? CG_EXIT_FAILED : CG_EXIT_OK;
    *result = NULL;
    if (code != CG_EXIT_OK)
        return code;
    code = cg_verb_open_ca(&ca, cli, CG_CA_WRITE, err);
    if (code == CG_EXIT_OK)
        code = cg_ca_exit_code(cg_rotate_begin(&run, &ca, request, err));
    if (code == CG_EXIT_OK)
        code = make_and_prove(cli, &run, err);
    if (code == CG_EXIT_OK)
        *result = say_rotated(cli, &run);
    cg_rotate_end(&run);
    cg_ca_close(&ca);
    return code;
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    return cg_names_valid(cli, err) && cg_host_port_ok(((const struct options *)values)->connect, "--connect", err);
}

/* One after the other: each is proven before the next one. */
static int run_verb(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct cg_names names;
    if (o->timeout.given && (o->timeout.value < 1 || o->timeout.value > TIMEOUT_MAX))
        return cg_usage(cli, "--timeout: expected 1 to %d seconds; to skip the check, use renew", TIMEOUT_MAX);
    if (cli->nargs > 1 && o->connect)
        return cg_usage(cli,
                        "--connect is the address of one broker; use deploy --connect to record that of each name");
    cg_passphrase_ahead(cli, "ca");
    cg_names_begin(&names, cli);
    const struct cg_verb_hooks hooks = {cli, names.hooks};
    struct cg_rotate_request request = {.connect = o->connect,
                                        .timeout = o->timeout.value,
                                        .lifetime = o->lifetime,
                                        .is_stopped = is_stopped,
                                        .hooks = cg_verb_hook_report(&hooks)};
    for (int i = 0; i < cli->nargs; i++) {
        struct cg_error err = {""};
        cJSON *result = NULL;
        request.name = cli->args[i];
        const int code = rotate(cli, &request, &result, &err);
        cg_names_note(&names, request.name, code, result, &err);
    }
    return cg_names_end(&names);
}

const struct cg_verb cg_verb_rotate = {
    .name = "rotate",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("NAME...", 1, -1),
    .completes = CG_WORD_NAME,
    .summary = "replace the broker's key and certificate, and check that it serves them",
    .description =
        "Creates a new key and certificate, deploys them to the folders of NAME, and connects to the broker\n"
        "repeatedly until it serves the new certificate. If the broker does not serve it within the timeout, or\n"
        "on Ctrl-C, the previous one is restored and the exit code is 1. If a rotation was killed, the next\n"
        "rotate, renew or deploy undoes it. Several names are rotated one after the other; a failure does not stop\n"
        "the next one. Hooks of the folders (see deploy) run before the check. A key for which issue or renew had\n"
        "--reuse-key stays.",
    .examples = "certguard rotate broker.lan\n"
                "certguard rotate broker7 broker8 broker9\n"
                "certguard rotate broker.lan --connect broker.lan:8883 --timeout 10",
    .needs_key = true,
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run_verb,
};
