/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the running broker: which certificate it serves, whether it accepts a client without a certificate, and
 * whether a refusal leaves an event. One handshake answers all of them. */
#include "core/cert/name.h"
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CONNECT_WAIT 5000
#define EVENT_WAIT   3000 /* ms; a thread writes events within a few ms */
#define EVENT_STEP   50

/* 0: --connect was not given, or has no valid port. */
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

/* The certificate in the broker's configuration for the port. The caller frees *loaded. */
static const X509 *configured_certificate(const struct cg_doctor *d, struct cg_credential **loaded)
{
    uint16_t port = live_port(d);
    for (unsigned i = 0; !*loaded && i <= d->conf.listeners; i++) {
        const struct cg_conf_line *chain = cg_conf_find(&d->conf, i, "certfile");
        const struct cg_conf_line *key = cg_conf_find(&d->conf, i, "keyfile");
        if (chain && key && cg_conf_port(&d->conf, i) == port)
            *loaded = cg_credential_load(chain->value, key->value, NULL);
    }
    return *loaded ? (*loaded)->leaf : NULL;
}

static void compare_served(struct cg_doctor *d, const struct cg_rule_row *row, const X509 *served, const X509 *wanted)
{
    char here[64], there[64];
    if (!wanted || X509_cmp(served, wanted) == 0)
        return;
    cg_serial_text(X509_get0_serialNumber(served), there, sizeof there);
    cg_serial_text(X509_get0_serialNumber(wanted), here, sizeof here);
    cg_doctor_report(d, row, "%s serves the certificate with serial number %s, the file contains %s",
                     d->request->connect, there, here);
}

/* Of several certificates, the broker serves the one that fits what we offer. */
static void compare_each(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_credentials *credentials)
{
    for (size_t i = 0; i < credentials->count; i++) {
        const struct cg_credential *one = credentials->item[i];
        struct cg_error err = {""};
        X509 *served = cg_tls_probe_certificate(d->request->connect, one->leaf, CONNECT_WAIT, &err);
        if (served)
            compare_served(d, row, served, one->leaf);
        else
            cg_doctor_report(d, row, "%s: %s", one->file, err.text);
        X509_free(served);
    }
}

static void served_other(struct cg_doctor *d, const struct cg_rule_row *row)
{
    struct cg_credential *loaded = NULL;
    const X509 *served = probe(d) ? sk_X509_value(d->live.chain, 0) : NULL;
    const struct cg_credentials *named = d->snapshot ? cg_snapshot_credentials(d->snapshot, live_port(d)) : NULL;
    if (served && named && named->count > 1)
        compare_each(d, row, named);
    else if (served && named && named->count)
        compare_served(d, row, served, named->item[0]->leaf);
    else if (served && !d->load_error[0]) /* else the policy may name another file */
        compare_served(d, row, served, configured_certificate(d, &loaded));
    cg_credential_free(loaded);
}

static void report_accepted(struct cg_doctor *d, const struct cg_rule_row *row)
{
    cg_doctor_report(d, row, "%s answered a client without a certificate (CONNACK %d)", d->request->connect,
                     d->live.connack);
}

static bool should_refuse(const struct cg_doctor *d)
{
    return d->plugin && cg_doctor_plugin_requires(d, live_port(d));
}

static void hook_not_effective(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (probe(d) && d->live.answered && should_refuse(d))
        report_accepted(d, row);
}

static void accepted_without_certificate(struct cg_doctor *d, const struct cg_rule_row *row)
{
    /* A policy that loads allows it. */
    if (probe(d) && d->live.answered && !should_refuse(d) && !d->snapshot)
        report_accepted(d, row);
}

static bool written_since(const char *file, int64_t since)
{
    struct stat st;
    return stat(file, &st) == 0 && st.st_mtime >= since;
}

/* Only the first events of a peer in a window are written, so any event within the window is enough. */
static void events_missing(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const char *file = cg_doctor_event_log(d);
    const struct timespec step = {0, EVENT_STEP * 1000000L};
    if (!file || !probe(d) || d->live.answered || !should_refuse(d))
        return;
    int64_t since = d->clock - d->snapshot->policy->log.window_ms / 1000 - 1;
    for (int waited = 0; waited < EVENT_WAIT; waited += EVENT_STEP) {
        if (written_since(file, since))
            return;
        nanosleep(&step, NULL);
    }
    cg_doctor_report(d, row, "%s refused a client without a certificate, but %s has no event about it",
                     d->request->connect, file);
}

static const struct cg_doctor_rule rules[] = {
    {{"unreachable", CG_LINT_ERROR, "", "Nothing answers with TLS at this address.",
      "Start the broker. If it stopped, its log contains the reason."},
     .check = unreachable},
    {{"served_other", CG_LINT_ERROR, "", "The broker serves a certificate that differs from the one in the file.",
      "Read the events credential_loaded and snapshot_rejected in the event log. They contain the reason."},
     .check = served_other},
    {{"hook_not_effective", CG_LINT_ERROR, "",
      "certguard does not protect the running broker. The broker runs without the plugin line, or with another plugin "
      "than this configuration names.",
      "Restart the broker, and look for \"certguard\" in its log at the start: systemctl restart mosquitto"},
     .check = hook_not_effective},
    {{"let_in_without_certificate", CG_LINT_ERROR, "", "Anyone can connect, with or without a certificate.",
      "Give each client that has none a certificate. Then set require_certificate true, add the plugin line, and "
      "restart the broker."},
     .check = accepted_without_certificate},
    {{"events_silent", CG_LINT_WARNING, "",
      "Refused clients leave no event in this log. The running broker writes its events elsewhere.",
      "Restart the broker, and make sure that its user can write the file."},
     .check = events_missing},
};
const struct cg_doctor_rules cg_doctor_live_rules = {rules, CG_COUNT(rules)};
