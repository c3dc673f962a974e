/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the listeners of mosquitto.conf. */
#include "rules.h"

#include <string.h>

static bool is_old_version(const struct cg_conf_line *line)
{
    static const char *const old[] = {"tlsv1", "tlsv1.0", "tlsv1.1", "sslv3"};
    for (size_t i = 0; i < CG_COUNT(old); i++)
        if (strcmp(line->value, old[i]) == 0)
            return true;
    return false;
}

static bool is_unknown_version(const struct cg_conf_line *line)
{
    return !is_old_version(line) && strcmp(line->value, "tlsv1.2") != 0 && strcmp(line->value, "tlsv1.3") != 0;
}

/* A word of an OpenSSL cipher list that is not switched off by "!" or "-". */
static bool names_cipher(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += len) {
        bool starts = at == list || strchr(":, +", at[-1]);
        if (starts && (at[len] == '\0' || strchr(":, +", at[len])))
            return true;
    }
    return false;
}

static bool is_weak_list(const struct cg_conf_line *line)
{
    static const char *const weak[] = {
        "@SECLEVEL=0",       "@SECLEVEL=1",       "NULL", "eNULL", "aNULL", "ALL", "EXPORT", "RC4",
        "TLS_SHA256_SHA256", "TLS_SHA384_SHA384", /* of TLS 1.3, without encryption */
    };
    for (size_t i = 0; i < CG_COUNT(weak); i++)
        if (weak[i][0] == '@' ? strstr(line->value, weak[i]) != NULL : names_cipher(line->value, weak[i]))
            return true;
    return false;
}

/* --- certificates --- */

static bool is_required(const struct cg_doctor *d, unsigned listener)
{
    return cg_conf_true(cg_conf_find(&d->conf, listener, "require_certificate"));
}

/* The listeners that serve TLS and do not insist on a certificate, by whether the plugin does. */
static void open_listeners(struct cg_doctor *d, const struct cg_rule_row *row, bool plugin)
{
    for (unsigned i = 0; i <= d->conf.listeners; i++) {
        uint16_t port = cg_conf_port(&d->conf, i);
        const struct cg_conf_line *line = cg_conf_find(&d->conf, i, "require_certificate");
        if (!cg_conf_is_tls(&d->conf, i) || is_required(d, i) || cg_doctor_plugin_requires(d, port) != plugin)
            continue;
        if (line)
            cg_doctor_report_line(d, row, line);
        else
            cg_doctor_report(d, row, "%s: listener on port %u: no require_certificate line (the default is false)",
                             d->conf.files[0], (unsigned)port);
    }
}

static void certificate_not_required(struct cg_doctor *d, const struct cg_rule_row *row)
{
    open_listeners(d, row, false);
}

static void left_to_plugin(struct cg_doctor *d, const struct cg_rule_row *row)
{
    open_listeners(d, row, true);
}

static bool has_trust(const struct cg_doctor *d, const struct cg_conf_line *line)
{
    return cg_conf_find(&d->conf, line->listener, "cafile") || cg_conf_find(&d->conf, line->listener, "capath");
}

static void incomplete(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 0; i <= d->conf.listeners; i++) {
        bool key = cg_conf_find(&d->conf, i, "keyfile") != NULL;
        bool certificate = cg_conf_find(&d->conf, i, "certfile") != NULL;
        bool trust = cg_conf_find(&d->conf, i, "cafile") || cg_conf_find(&d->conf, i, "capath");
        const char *lacks = certificate && !key                          ? "certfile without keyfile"
                            : key && !certificate                        ? "keyfile without certfile"
                            : certificate && is_required(d, i) && !trust ? "require_certificate without cafile"
                                                                         : NULL;
        if (lacks)
            cg_doctor_report(d, row, "%s: listener on port %u: %s", d->conf.files[0],
                             (unsigned)cg_conf_port(&d->conf, i), lacks);
    }
}

/* --- what TLS may be --- */

static const char *const version_keys[] = {"tls_version", "bridge_tls_version", NULL};

static void old_version(struct cg_doctor *d, const struct cg_rule_row *row)
{
    cg_doctor_each_line(d, row, version_keys, is_old_version);
}

/* Mosquitto 2 knows no older version and does not start; 1.1 it speaks, until certguard's plugin wants 1.2. */
static bool nobody_speaks(const struct cg_doctor *d, const struct cg_conf_line *line)
{
    return d->snapshot || strcmp(line->value, "tlsv1.1") != 0;
}

static void unknown_version(struct cg_doctor *d, const struct cg_rule_row *row)
{
    cg_doctor_each_line(d, row, version_keys, is_unknown_version);
}

static void weak_ciphers(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"ciphers", "ciphers_tls1.3", "bridge_ciphers", "bridge_ciphers_tls1.3", NULL};
    cg_doctor_each_line(d, row, keys, is_weak_list);
}

static void shared_keys(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 0; i <= d->conf.listeners; i++) {
        const struct cg_conf_line *line = cg_conf_find(&d->conf, i, "psk_hint");
        uint16_t port = cg_conf_port(&d->conf, i);
        if (line && !(d->snapshot && cg_policy_listener(d->snapshot->policy, port)->tls.psk_allowed))
            cg_doctor_report_line(d, row, line);
    }
}

/* --- who comes in --- */

static bool is_local(const struct cg_conf *conf, unsigned listener)
{
    const char *address = cg_conf_address(conf, listener);
    if (!conf->listeners && !cg_conf_opens_default(conf))
        return true; /* without any listener the broker opens the loopback address alone */
    return address && (address[0] == '/' || strcmp(address, "localhost") == 0 || strncmp(address, "127.", 4) == 0 ||
                       strcmp(address, "::1") == 0);
}

static unsigned first_listener(const struct cg_doctor *d)
{
    return cg_conf_has_default_listener(&d->conf) ? 0 : 1;
}

static bool is_plain(const struct cg_conf *conf, unsigned listener)
{
    return cg_conf_is_mqtt(conf, listener) && !cg_conf_is_tls(conf, listener) &&
           !cg_conf_find(conf, listener, "psk_hint");
}

static bool plain_allowed(const struct cg_doctor *d, unsigned listener)
{
    return d->snapshot && cg_policy_listener(d->snapshot->policy, cg_conf_port(&d->conf, listener))->plain_allowed;
}

static void plain(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = first_listener(d); i <= d->conf.listeners; i++)
        if (is_plain(&d->conf, i) && !is_local(&d->conf, i) && !plain_allowed(d, i))
            cg_doctor_report(d, row, "%s: listener on port %u has no certfile: it speaks plain MQTT", d->conf.files[0],
                             (unsigned)cg_conf_port(&d->conf, i));
}

/* Told whatever the policy says to plain MQTT: nobody wrote this listener down. */
static void unasked(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const struct cg_conf_line *line = cg_conf_opens_default(&d->conf);
    bool asked = cg_conf_find(&d->conf, 0, "port") || cg_conf_find(&d->conf, 0, "bind_address");
    if (line && !asked)
        cg_doctor_report_line(d, row, line);
}

/* Ports with plain MQTT for which the policy says allow, or deny. A Unix socket has none. */
static size_t count_plain(const struct cg_doctor *d, bool allowed)
{
    size_t count = 0;
    for (unsigned i = first_listener(d); i <= d->conf.listeners; i++)
        count += cg_conf_port(&d->conf, i) && is_plain(&d->conf, i) && plain_allowed(d, i) == allowed;
    return count;
}

/* 2.0 where the version is not known: 2.1 tells plugins the port. */
static void plain_mixed(struct cg_doctor *d, const struct cg_rule_row *row)
{
    bool tells_port = *d->version && strncmp(d->version, "2.0.", 4) != 0;
    if (tells_port || !d->snapshot || !count_plain(d, true) || !count_plain(d, false))
        return;
    for (unsigned i = first_listener(d); i <= d->conf.listeners; i++)
        if (cg_conf_port(&d->conf, i) && is_plain(&d->conf, i))
            cg_doctor_report(d, row, "%s: listener on port %u: \"plain\": \"%s\"", d->conf.files[0],
                             (unsigned)cg_conf_port(&d->conf, i), plain_allowed(d, i) ? "allow" : "deny");
}

/* Kept once for all listeners, unless each has its own settings. */
static void anonymous(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const of_listener[] = {"listener_allow_anonymous", NULL}; /* Mosquitto 2.1 */
    bool identity = d->snapshot && d->snapshot->policy->base.identity.username != CG_IDENTITY_NONE;
    if (identity || !d->plugin)
        cg_doctor_each_line(d, row, of_listener, cg_conf_true);
    for (unsigned i = 0; (identity || !d->plugin) && i <= (d->conf.per_listener ? d->conf.listeners : 0); i++) {
        const struct cg_conf_line *line = cg_conf_find(&d->conf, i, "allow_anonymous");
        if (cg_conf_true(line))
            cg_doctor_report_line(d, row, line);
    }
}

/* By the broker, which then asks no plugin. */
static bool is_named_by_broker(const struct cg_doctor *d, unsigned listener)
{
    return cg_conf_true(cg_conf_find(&d->conf, listener, "use_identity_as_username")) ||
           cg_conf_true(cg_conf_find(&d->conf, listener, "use_subject_as_username"));
}

/* Mosquitto 2.1 has a line for one listener; without any listener nobody but this machine gets there. */
static bool lets_anonymous_in(const struct cg_doctor *d, unsigned listener)
{
    const struct cg_conf_line *own = cg_conf_find(&d->conf, listener, "listener_allow_anonymous");
    const struct cg_conf_line *line = own ? own : cg_conf_find(&d->conf, listener, "allow_anonymous");
    return line ? cg_conf_true(line) : !d->conf.listeners && !cg_conf_find(&d->conf, 0, "port");
}

/* Is certguard asked about its clients, and nobody else? */
static bool asks_certguard_alone(const struct cg_doctor *d, unsigned listener)
{
    bool asked = false;
    for (unsigned p = 1; p <= d->conf.plugins; p++) {
        const struct cg_conf_line *line = cg_conf_plugin(&d->conf, p);
        if (!cg_conf_is_certguard(&d->conf, p))
            return false;
        asked = asked ||
                (strcmp(line->key, "plugin_load") != 0 &&
                 (!d->conf.per_listener || strcmp(line->key, "global_plugin") == 0 || line->listener == listener));
    }
    return asked;
}

/* Does nothing but allow_anonymous let a client in here, whom the policy does not refuse anyway? */
static bool no_login(const struct cg_doctor *d, unsigned listener)
{
    bool tls = cg_conf_is_tls(&d->conf, listener);
    const struct cg_listener_policy *policy = cg_policy_listener(d->snapshot->policy, cg_conf_port(&d->conf, listener));
    bool by_certificate = tls && (policy->identity.authenticates || is_named_by_broker(d, listener));
    bool expected = tls || (is_plain(&d->conf, listener) && plain_allowed(d, listener));
    return expected && !by_certificate && asks_certguard_alone(d, listener) &&
           !cg_conf_find(&d->conf, listener, "password_file");
}

/* A user name from the certificate is one, too: allow_anonymous is not for it. */
static bool is_named(const struct cg_doctor *d, unsigned listener)
{
    uint16_t port = cg_conf_port(&d->conf, listener);
    return cg_conf_is_tls(&d->conf, listener) &&
           cg_policy_listener(d->snapshot->policy, port)->identity.username != CG_IDENTITY_NONE;
}

/* The listeners where nobody has a password or a certificate to log in with, by whether some come in all the same. */
static void without_login(struct cg_doctor *d, const struct cg_rule_row *row, bool anonymous, const char *words)
{
    for (unsigned i = first_listener(d); d->snapshot && i <= d->conf.listeners; i++)
        if (no_login(d, i) && (lets_anonymous_in(d, i) && !is_named(d, i)) == anonymous)
            cg_doctor_report(d, row, "%s: %s port %u has no password_file", d->snapshot->policy->name, words,
                             (unsigned)cg_conf_port(&d->conf, i));
}

static void nobody_authenticates(struct cg_doctor *d, const struct cg_rule_row *row)
{
    without_login(d, row, false, "no \"authenticates\": true;");
}

static void user_names_refused(struct cg_doctor *d, const struct cg_rule_row *row)
{
    without_login(d, row, true, "no \"authenticates\": true; allow_anonymous true;");
}

/* Where the certificate is the name, topics can be shared out by it. */
static void no_acl(struct cg_doctor *d, const struct cg_rule_row *row)
{
    bool identity = d->snapshot && d->snapshot->policy->base.identity.username != CG_IDENTITY_NONE;
    if (identity && d->conf.plugins == 1 && !cg_conf_find(&d->conf, d->conf.listeners, "acl_file"))
        cg_doctor_report(d, row, "%s: no acl_file", d->conf.files[0]);
}

static const struct cg_doctor_rule rules[] = {
    {{"certificate_not_required", CG_LINT_ERROR, "", "Anyone connects, with or without a certificate.",
      "Give each client that has none a certificate (certguard issue client NAME), then set: require_certificate true"},
     .look = certificate_not_required},
    {{"certificate_left_to_plugin", CG_LINT_WARNING, "",
      "Only certguard asks for a certificate here: when its line is lost, anyone connects.",
      "Set: require_certificate true"},
     .look = left_to_plugin,
     .fix = CG_LINE_TRUE,
     .is_safe = has_trust},
    {{"listener_incomplete", CG_LINT_ERROR, "", "The broker does not start, or the listener serves nobody.",
      "Set certfile, keyfile and cafile together."},
     .look = incomplete},
    {{"tls_version_old", CG_LINT_ERROR, "",
      "TLS below 1.2 is broken, and with a version below 1.1 Mosquitto does not start.",
      "Remove the line: TLS 1.2 and 1.3 are the default. Clients that have neither need an update first."},
     .look = old_version,
     .fix = CG_LINE_OUT,
     .is_safe = nobody_speaks},
    {{"tls_version_unknown", CG_LINT_ERROR, "", "Mosquitto does not know this version: it does not start.",
      "Remove the line: TLS 1.2 and 1.3 are the default. Or write tlsv1.2 or tlsv1.3."},
     .look = unknown_version},
    {{"ciphers_weak", CG_LINT_ERROR, "",
      "The list lets in ciphers or keys that protect nothing. \"key too small\" is fixed by a new key, not by this.",
      "Remove the line: the library's list is good. Clients that need one of these ciphers need an update first."},
     .look = weak_ciphers},
    {{"psk_listener", CG_LINT_WARNING, "",
      "Clients of this listener have a shared key and no certificate: certguard refuses them, and without it nothing "
      "is checked but the key.",
      "Allow shared keys by tls.psk for this port, in \"listeners\" of the policy; or give each of these clients a "
      "certificate and a listener that has "
      "one."},
     .look = shared_keys},
    {{"plain_listener", CG_LINT_WARNING, "", "Passwords and messages cross the network in clear.",
      "Add a listener with cafile, certfile and keyfile on another port, move the clients there, then bind this one to "
      "127.0.0.1 or remove it."},
     .look = plain},
    {{"listener_unasked", CG_LINT_WARNING, "",
      "A line of a listener that stands before the first \"listener\" line belongs to a listener of its own: versions "
      "of "
      "Mosquitto open port 1883 for it, on every address, or do not start.",
      "Move the line below the \"listener\" line that it is meant for; where clients use port 1883, write that "
      "listener "
      "down: listener 1883"},
     .look = unasked},
    {{"plain_listeners_differ", CG_LINT_ERROR, "",
      "Mosquitto 2.0 does not tell plugins which listener a client came to: where the policy allows some listeners "
      "without TLS and denies others, certguard refuses the clients of all of them.",
      "Give all listeners without TLS the same \"plain\" in the policy, give all but one TLS, or update to "
      "Mosquitto 2.1."},
     .look = plain_mixed},
    {{"anonymous_allowed", CG_LINT_WARNING, "", "Clients without a name come in beside those with a certificate.",
      "When each client has a certificate whose name the policy's identity takes, or a name in password_file, set: "
      "allow_anonymous false"},
     .look = anonymous},
    {{"nobody_authenticates", CG_LINT_ERROR, "",
      "certguard leaves the decision to a password that nobody checks: every client is denied, without an event.",
      "Set identity.username and identity.authenticates true for this port, in \"listeners\" of the policy, or add a "
      "password_file. Clients without TLS need the password_file."},
     .look = nobody_authenticates},
    {{"user_names_refused", CG_LINT_WARNING, "",
      "Clients that send a user name are refused here, audited or not: once a plugin is loaded, Mosquitto takes "
      "allow_anonymous for clients without one.",
      "If some do, let them send none, or add a password_file with their users."},
     .look = user_names_refused},
    {{"acl_missing", CG_LINT_NOTICE, "", "Every client may read and write every topic.",
      "Add an acl_file with lines such as: pattern readwrite devices/%u/#"},
     .look = no_acl},
};
const struct cg_doctor_rules cg_doctor_listener_rules = {rules, CG_COUNT(rules)};
