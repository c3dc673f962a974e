/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the settings of mosquitto.conf. */
#include "cli.h"
#include "doctor.h"

#include <string.h>
#include <unistd.h>

static void report_line(struct cg_doctor *d, const struct cg_doctor_row *row, const struct cg_conf_line *line)
{
    cg_doctor_report(d, row, "%s:%u: %s %s", line->file, line->line, line->key, line->value);
}

static bool has(const struct cg_conf_line *line, const char *const *keys)
{
    for (size_t i = 0; keys[i]; i++)
        if (strcmp(line->key, keys[i]) == 0)
            return true;
    return false;
}

static bool is_old_version(const char *version)
{
    return strcmp(version, "tlsv1") == 0 || strcmp(version, "tlsv1.0") == 0 || strcmp(version, "tlsv1.1") == 0;
}

/* Every line with one of the keys, where test holds for its value. */
static void each(struct cg_doctor *d, const struct cg_doctor_row *row, const char *const *keys,
                 bool (*test)(const struct cg_conf_line *))
{
    for (size_t i = 0; i < d->conf.count; i++)
        if (has(&d->conf.item[i], keys) && test(&d->conf.item[i]))
            report_line(d, row, &d->conf.item[i]);
}

static bool any_value(const struct cg_conf_line *line)
{
    return line->value[0] != '\0';
}

static bool is_false(const struct cg_conf_line *line)
{
    return !cg_conf_true(line);
}

static bool has_old_version(const struct cg_conf_line *line)
{
    return is_old_version(line->value);
}

static void plugin_missing(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    if (!d->plugin)
        cg_doctor_report(d, row, "%s: no line \"plugin .../mosquitto_certguard.so\"", d->conf.files[0]);
}

static void plugin_file(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    for (unsigned i = 1; i <= d->conf.plugins; i++) {
        const struct cg_conf_line *line = cg_conf_plugin(&d->conf, i);
        if (access(line->value, R_OK) != 0)
            cg_doctor_report(d, row, "%s:%u: %s: no such file, or user %s may not read it", line->file, line->line,
                             line->value, d->user);
    }
}

static void plugin_order(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    for (unsigned i = 1; i < d->plugin; i++)
        report_line(d, row, cg_conf_plugin(&d->conf, i));
}

static void plugin_options(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    const struct cg_conf_line *plugin = cg_conf_plugin(&d->conf, d->plugin);
    if (!plugin)
        return;
    bool policy = cg_conf_plugin_option(&d->conf, d->plugin, "policy") != NULL;
    bool anchors = cg_conf_plugin_option(&d->conf, d->plugin, "trust_anchors") != NULL;
    if (policy == anchors)
        cg_doctor_report(d, row, "%s:%u: expected plugin_opt_policy or plugin_opt_trust_anchors below it, found %s",
                         plugin->file, plugin->line, policy ? "both" : "neither");
}

static void name_from_broker(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    static const char *const keys[] = {"use_identity_as_username", "use_subject_as_username", NULL};
    each(d, row, keys, cg_conf_true);
}

static void crlfile(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    static const char *const keys[] = {"crlfile", NULL};
    if (d->plugin)
        each(d, row, keys, any_value);
}

static void certificate_not_required(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    static const char *const keys[] = {"require_certificate", NULL};
    each(d, row, keys, is_false);
    for (unsigned i = 0; i <= d->conf.listeners; i++)
        if (cg_conf_is_tls(&d->conf, i) && !cg_conf_find(&d->conf, i, "require_certificate"))
            cg_doctor_report(d, row, "%s: listener on port %u: no require_certificate line (the default is false)",
                             d->conf.files[0], (unsigned)cg_conf_port(&d->conf, i));
}

static void old_version(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    static const char *const keys[] = {"tls_version", "bridge_tls_version", NULL};
    each(d, row, keys, has_old_version);
}

static bool is_local(const struct cg_conf *conf, unsigned listener)
{
    const char *address = cg_conf_address(conf, listener);
    if (!conf->listeners && !cg_conf_find(conf, 0, "port") && !address)
        return true; /* without any listener the broker opens the loopback address alone */
    return address && (address[0] == '/' || strcmp(address, "localhost") == 0 || strncmp(address, "127.", 4) == 0 ||
                       strcmp(address, "::1") == 0);
}

static void plain_listener(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    for (unsigned i = cg_conf_has_default_listener(&d->conf) ? 0 : 1; i <= d->conf.listeners; i++) {
        uint16_t port = cg_conf_port(&d->conf, i);
        bool allowed = d->snapshot && cg_policy_listener(d->snapshot->policy, port)->plain_allowed;
        if (!cg_conf_is_tls(&d->conf, i) && !is_local(&d->conf, i) && !allowed)
            cg_doctor_report(d, row, "%s: listener on port %u has no certfile: it speaks plain MQTT", d->conf.files[0],
                             (unsigned)port);
    }
}

static void anonymous(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    const struct cg_conf_line *line = cg_conf_find(&d->conf, d->conf.listeners, "allow_anonymous");
    bool identity = d->snapshot && d->snapshot->policy->base.identity.username != CG_IDENTITY_NONE;
    if (cg_conf_true(line) && (identity || !d->plugin))
        report_line(d, row, line);
}

static void nobody_authenticates(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    if (!d->snapshot || d->conf.plugins > 1)
        return;
    for (unsigned i = 0; i <= d->conf.listeners; i++) {
        uint16_t port = cg_conf_port(&d->conf, i);
        const struct cg_identity_policy *identity = &cg_policy_listener(d->snapshot->policy, port)->identity;
        if (!cg_conf_is_tls(&d->conf, i) || identity->username == CG_IDENTITY_NONE || identity->authenticates ||
            cg_conf_find(&d->conf, i, "password_file"))
            continue;
        cg_doctor_report(d, row, "%s: identity.username without \"authenticates\": true; port %u has no password_file",
                         d->snapshot->policy->name, (unsigned)port);
    }
}

static void listener_alone(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    for (unsigned i = 1; d->plugin && d->conf.per_listener && i <= d->conf.listeners; i++) {
        bool bound = false;
        for (unsigned p = 1; p <= d->conf.plugins; p++)
            bound = bound || (cg_conf_is_certguard(&d->conf, p) && cg_conf_plugin(&d->conf, p)->listener == i);
        if (!bound)
            report_line(d, row, cg_conf_listener(&d->conf, i));
    }
}

static void per_listener_old(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    const struct cg_conf_line *line = cg_conf_find(&d->conf, 0, "per_listener_settings");
    if (d->plugin && cg_conf_true(line) && strcmp(d->version, "2.0.11") == 0)
        report_line(d, row, line);
}

static void no_delay(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    const struct cg_conf_line *line = cg_conf_find(&d->conf, 0, "set_tcp_nodelay");
    if (!d->plugin && !cg_conf_true(line))
        cg_doctor_report(d, row, "%s: no line \"set_tcp_nodelay true\"", d->conf.files[0]);
}

static void bridge_plain(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    for (unsigned i = 1; i <= d->conf.bridges; i++)
        if (!cg_conf_find_bridge(&d->conf, i, "bridge_cafile") && !cg_conf_find_bridge(&d->conf, i, "bridge_capath"))
            report_line(d, row, cg_conf_bridge(&d->conf, i));
}

static void bridge_insecure(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    static const char *const keys[] = {"bridge_insecure", NULL};
    each(d, row, keys, cg_conf_true);
}

static void version(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    if (d->version[0] && strncmp(d->version, "2.0.", 4) != 0 && strncmp(d->version, "2.1.", 4) != 0)
        cg_doctor_report(d, row, "the installed mosquitto is %s", d->version);
}

const struct cg_doctor_rule cg_doctor_conf_rules[] = {
    {{"plugin_missing", CG_LINT_ERROR, "The broker runs without certguard: no policy, no CRL check, no events.",
      "Add: plugin /usr/lib/x86_64-linux-gnu/mosquitto_certguard.so, and below it plugin_opt_policy FILE."},
     plugin_missing},
    {{"plugin_unreadable", CG_LINT_ERROR, "The broker does not start without its plugin.",
      "Correct the path, or make file and folders readable: chmod a+rx."},
     plugin_file},
    {{"plugin_options", CG_LINT_ERROR, "The plugin does not load, and the broker does not start.", "Name one of them."},
     plugin_options},
    {{"plugin_order", CG_LINT_WARNING,
      "This plugin stands before certguard's: the first one that decides about a client wins, and the certificate is "
      "not asked.",
      "Move certguard's plugin line above it."},
     plugin_order},
    {{"username_from_broker", CG_LINT_WARNING,
      "The broker then never asks a plugin about CONNECT: user name and client id are not bound as the policy says.",
      "Remove the line and set identity.username in the policy."},
     name_from_broker},
    {{"crlfile_beside_plugin", CG_LINT_ERROR,
      "Mosquitto 2.1 ends when this file is bad at a reload, 2.0 accepts revoked clients then.",
      "Remove the line and name the CRL in the policy's trust.crls."},
     crlfile},
    {{"certificate_not_required", CG_LINT_ERROR, "Anyone connects, with or without a certificate.",
      "Set: require_certificate true"},
     certificate_not_required},
    {{"tls_version_old", CG_LINT_ERROR, "Mosquitto does not start with this version, and TLS below 1.2 is broken.",
      "Remove the line: TLS 1.2 and 1.3 are the default."},
     old_version},
    {{"plain_listener", CG_LINT_WARNING, "Passwords and messages cross the network in clear.",
      "Give it cafile, certfile and keyfile, bind it to 127.0.0.1, or remove it."},
     plain_listener},
    {{"anonymous_allowed", CG_LINT_WARNING, "Clients without a name come in beside those with a certificate.",
      "Set: allow_anonymous false"},
     anonymous},
    {{"nobody_authenticates", CG_LINT_ERROR,
      "certguard leaves the decision to a password that nobody checks: every client is denied, without an event.",
      "Set identity.authenticates to true in the policy, or add a password_file."},
     nobody_authenticates},
    {{"listener_without_plugin", CG_LINT_WARNING,
      "With per_listener_settings a plugin line counts for its listener: the identity of clients here is not bound.",
      "Repeat the plugin lines below this listener, or remove per_listener_settings."},
     listener_alone},
    {{"per_listener_2_0_11", CG_LINT_NOTICE, "Mosquitto 2.0.11 loads the plugin once for every listener that names it.",
      "Remove per_listener_settings where one set of settings is enough."},
     per_listener_old},
    {{"tcp_nodelay", CG_LINT_NOTICE, "Every TLS connect waits about 40 ms for the kernel.",
      "Set: set_tcp_nodelay true (certguard's plugin does it by itself)."},
     no_delay},
    {{"bridge_plain", CG_LINT_WARNING, "The bridge talks to its peer without TLS.",
      "Set bridge_cafile, bridge_certfile and bridge_keyfile."},
     bridge_plain},
    {{"bridge_insecure", CG_LINT_ERROR,
      "The peer's host name is not checked: any holder of a certificate can pose as it.",
      "Remove the line and give the peer's certificate a SAN with the name used here."},
     bridge_insecure},
    {{"broker_version", CG_LINT_ERROR, "certguard works with Mosquitto 2.0 and 2.1.",
      "Install Mosquitto 2.0.11 or later."},
     version},
};
const size_t cg_doctor_conf_rules_count = CG_COUNT(cg_doctor_conf_rules);
