/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the running broker: what it serves, whether it lets in a client without a certificate, and whether refusing
 * one left an event. One handshake answers all of them. */
#include "core/cert/name.h"
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CONNECT_WAIT 5000
#define EVENT_WAIT   3000 /* ms; events are written by a thread within some ms */
#define EVENT_STEP   50

/* 0: --connect was not given, or names no port. */
static uint16_t live_port(const struct cg_doctor *d)
{
    char host[256], port[8];
    if (!d->request->connect || !cg_tls_probe_split(d->request->connect, host, port))
        return 0;
    long number = strtol(port, NULL, 10);
    return number > 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
}

static bool probe(struct cg_doctor *d)
{
    struct cg_error err = {""};
    if (!d->probed && d->request->connect) {
        cg_tls_probe_run(d->request->connect, CONNECT_WAIT, &d->live, &err);
        snprintf(d->live_error, sizeof d->live_error, "%s", err.text);
    }
    d->probed = true;
    return d->live.chain;
}

static void unreachable(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (!probe(d) && d->request->connect)
        cg_doctor_report(d, row, "%s", d->live_error);
}

/* The certificate that the files hold for the port. *loaded is the caller's. */
static const X509 *on_disk(const struct cg_doctor *d, struct cg_credential **loaded)
{
    uint16_t port = live_port(d);
    const struct cg_credential *known = d->snapshot ? cg_snapshot_credential(d->snapshot, port) : NULL;
    for (unsigned i = 0; !known && !*loaded && i <= d->conf.listeners; i++) {
        const struct cg_conf_line *chain = cg_conf_find(&d->conf, i, "certfile");
        const struct cg_conf_line *key = cg_conf_find(&d->conf, i, "keyfile");
        if (chain && key && cg_conf_port(&d->conf, i) == port)
            *loaded = cg_credential_load(chain->value, key->value, NULL);
    }
    return known ? known->leaf : *loaded ? (*loaded)->leaf : NULL;
}

static void served_other(struct cg_doctor *d, const struct cg_rule_row *row)
{
    struct cg_credential *loaded = NULL;
    const X509 *served = probe(d) ? sk_X509_value(d->live.chain, 0) : NULL;
    const X509 *wanted = served ? on_disk(d, &loaded) : NULL;
    char here[64], there[64];
    if (wanted && X509_cmp(served, wanted) != 0) {
        cg_serial_text(X509_get0_serialNumber(served), there, sizeof there);
        cg_serial_text(X509_get0_serialNumber(wanted), here, sizeof here);
        cg_doctor_report(d, row, "%s serves serial %s; the file holds %s", d->request->connect, there, here);
    }
    cg_credential_free(loaded);
}

static void report_let_in(struct cg_doctor *d, const struct cg_rule_row *row)
{
    cg_doctor_report(d, row, "%s answered a client without a certificate (CONNACK %d)", d->request->connect,
                     d->live.connack);
}

static bool is_guarded(const struct cg_doctor *d)
{
    return d->plugin && cg_doctor_plugin_requires(d, live_port(d));
}

static void hook_not_effective(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (probe(d) && d->live.answered && is_guarded(d))
        report_let_in(d, row);
}

static void let_in(struct cg_doctor *d, const struct cg_rule_row *row)
{
    /* with a policy that loads, it is the policy's wish */
    if (probe(d) && d->live.answered && !is_guarded(d) && !d->snapshot)
        report_let_in(d, row);
}

/* Has the log been written since? */
static bool written_since(const char *file, int64_t since)
{
    struct stat st;
    return stat(file, &st) == 0 && st.st_mtime >= since;
}

/* Of one peer only the first events in a window are written: then the window's others are proof enough. */
static void silent(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const char *file = cg_doctor_event_log(d);
    const struct timespec step = {0, EVENT_STEP * 1000000L};
    if (!file || !probe(d) || d->live.answered || !is_guarded(d))
        return;
    int64_t since = d->clock - d->snapshot->policy->log.window_ms / 1000 - 1;
    for (int waited = 0; waited < EVENT_WAIT; waited += EVENT_STEP) {
        if (written_since(file, since))
            return;
        nanosleep(&step, NULL);
    }
    cg_doctor_report(d, row, "%s refused a client without a certificate; %s says nothing of it", d->request->connect,
                     file);
}

static const struct cg_doctor_rule rules[] = {
    {{"unreachable", CG_LINT_ERROR, "", "Nothing answers with TLS there.",
      "Start the broker; see its log for the reason why it stopped."},
     .look = unreachable},
    {{"served_other", CG_LINT_ERROR, "", "The broker serves another certificate than the file holds.",
      "The event log says why in credential_loaded and snapshot_rejected."},
     .look = served_other},
    {{"hook_not_effective", CG_LINT_ERROR, "",
      "certguard does not guard the running broker: it runs without the plugin line, or the plugin is not the one that "
      "this configuration names.",
      "Restart the broker, and look for \"certguard\" in its log at the start: systemctl restart mosquitto"},
     .look = hook_not_effective},
    {{"let_in_without_certificate", CG_LINT_ERROR, "", "Anyone connects, with or without a certificate.",
      "Give each client that has none a certificate, then set require_certificate true, name the plugin, and restart "
      "the broker."},
     .look = let_in},
    {{"events_silent", CG_LINT_WARNING, "",
      "Refused clients leave no trace: the running broker writes its events elsewhere.",
      "Restart the broker, and see that its user may write the file."},
     .look = silent},
};
const struct cg_doctor_rules cg_doctor_live_rules = {rules, CG_COUNT(rules)};
