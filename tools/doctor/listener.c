/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the listeners of mosquitto.conf. */
#include "rules.h"

#include <string.h>

#define VERSIONS CG_KEYS("tls_version", "bridge_tls_version")

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

/* Does the cipher list of OpenSSL contain the word, without a "!" or "-" in front? */
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

/* Reports the TLS listeners without require_certificate, if the plugin requires a certificate there or not. */
static void report_without_requirement(struct cg_doctor *d, const struct cg_rule_row *row, bool plugin)
{
    for (unsigned i = 0; i <= d->conf.listeners; i++) {
        uint16_t port = cg_conf_port(&d->conf, i);
        const struct cg_conf_line *line = cg_conf_find(&d->conf, i, "require_certificate");
        if (!cg_conf_is_tls(&d->conf, i) || is_required(d, i) || cg_doctor_plugin_requires(d, port) != plugin)
            continue;
        if (line)
            cg_doctor_report_line(d, row, line);
        else
            cg_doctor_report_listener(d, row, i, "no require_certificate line (the default is false)");
    }
}

static void certificate_not_required(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_without_requirement(d, row, false);
}

static void certificate_left_to_plugin(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_without_requirement(d, row, true);
}

static bool has_trust(const struct cg_doctor *d, const struct cg_conf_line *line)
{
    return cg_doctor_has_trust(&d->conf, line->listener);
}

static const char *listener_incomplete(const struct cg_doctor *d, unsigned listener)
{
    bool key = cg_conf_find(&d->conf, listener, "keyfile");
    bool certificate = cg_conf_find(&d->conf, listener, "certfile");
    if (certificate != key)
        return key ? "keyfile without certfile" : "certfile without keyfile";
    bool trusts = !certificate || !is_required(d, listener) || cg_doctor_has_trust(&d->conf, listener);
    return trusts ? NULL : "require_certificate without cafile";
}

/* --- TLS versions, ciphers and shared keys --- */

/* With a version below 1.1, Mosquitto 2 does not start. 1.1 works only without certguard's plugin. */
static bool is_unused(const struct cg_doctor *d, const struct cg_conf_line *line)
{
    return d->snapshot || strcmp(line->value, "tlsv1.1") != 0;
}

static void shared_keys(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 0; i <= d->conf.listeners; i++) {
        const struct cg_conf_line *line = cg_conf_find(&d->conf, i, "psk_hint");
        const struct cg_listener_policy *policy = cg_doctor_policy(d, i);
        if (line && !(policy && policy->tls.psk_allowed))
            cg_doctor_report_line(d, row, line);
    }
}

/* --- clients without TLS or without a certificate --- */

static bool is_local(const struct cg_conf *conf, unsigned listener)
{
    const char *address = cg_conf_address(conf, listener);
    if (!conf->listeners && !cg_conf_opens_default(conf))
        return true; /* without any listener, the broker opens only the loopback address */
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
    const struct cg_listener_policy *policy = cg_doctor_policy(d, listener);
    return policy && policy->plain_allowed;
}

static const char *plain_listener(const struct cg_doctor *d, unsigned listener)
{
    bool found = is_plain(&d->conf, listener) && !is_local(&d->conf, listener) && !plain_allowed(d, listener);
    return found ? "no certfile, so it accepts MQTT without TLS" : NULL;
}

/* Reported even if the policy allows plain MQTT, because the configuration does not name this listener. */
static void listener_unasked(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const struct cg_conf_line *line = cg_conf_opens_default(&d->conf);
    bool is_named = cg_conf_find(&d->conf, 0, "port") || cg_conf_find(&d->conf, 0, "bind_address");
    if (line && !is_named)
        cg_doctor_report_line(d, row, line);
}

/* What the policy says about plain MQTT on the listener; NULL: it has TLS, or it is a Unix socket, which has no port. */
static const char *plain_setting(const struct cg_doctor *d, unsigned listener)
{
    if (!cg_conf_port(&d->conf, listener) || !is_plain(&d->conf, listener))
        return NULL;
    return plain_allowed(d, listener) ? "\"plain\": \"allow\"" : "\"plain\": \"deny\"";
}

/* Mosquitto 2.1 reports the port to plugins. An unknown version is treated as 2.0. */
static bool plain_listeners_differ(const struct cg_doctor *d)
{
    bool reports_port = *d->version && strncmp(d->version, "2.0.", 4) != 0;
    const char *first = NULL;
    for (unsigned i = first_listener(d); d->snapshot && !reports_port && i <= d->conf.listeners; i++) {
        const char *setting = plain_setting(d, i);
        if (first && setting && strcmp(first, setting) != 0)
            return true;
        first = first ? first : setting;
    }
    return false;
}

/* Without a name from certificates, anonymous clients are expected beside a plugin. */
static bool anonymous_matters(const struct cg_doctor *d)
{
    return !d->plugin || (d->snapshot && d->snapshot->policy->base.identity.username != CG_IDENTITY_NONE);
}

/* The last allow_anonymous line counts. Mosquitto 2.1 also has listener_allow_anonymous. */
static void anonymous_allowed(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (size_t i = 0; i < d->conf.count; i++) {
        const struct cg_conf_line *line = &d->conf.item[i];
        if (cg_conf_true(line) && (strcmp(line->key, "listener_allow_anonymous") == 0 ||
                                   line == cg_conf_find(&d->conf, line->listener, "allow_anonymous")))
            cg_doctor_report_line(d, row, line);
    }
}

/* Does the broker take user names from certificates? It then asks no plugin about CONNECT. */
static bool takes_names_from_certificates(const struct cg_doctor *d, unsigned listener)
{
    return cg_conf_true(cg_conf_find(&d->conf, listener, "use_identity_as_username")) ||
           cg_conf_true(cg_conf_find(&d->conf, listener, "use_subject_as_username"));
}

/* Mosquitto 2.1 has a line for a single listener. Without any listener, only this machine can connect. */
static bool accepts_anonymous(const struct cg_doctor *d, unsigned listener)
{
    const struct cg_conf_line *own = cg_conf_find(&d->conf, listener, "listener_allow_anonymous");
    const struct cg_conf_line *line = own ? own : cg_conf_find(&d->conf, listener, "allow_anonymous");
    return line ? cg_conf_true(line) : !d->conf.listeners && !cg_conf_find(&d->conf, 0, "port");
}

/* Does the broker ask another plugin than certguard about the listener's clients? */
static bool asks_other(const struct cg_doctor *d, unsigned listener, enum cg_doctor_question question)
{
    for (unsigned p = 1; p <= d->conf.plugins; p++)
        if (cg_conf_plugin_applies(&d->conf, p, listener) && !cg_conf_is_certguard(&d->conf, p) &&
            cg_doctor_asks(d, p, question))
            return true;
    return false;
}

/* Is certguard the only plugin that is asked about CONNECT of the listener's clients? */
static bool asks_certguard_alone(const struct cg_doctor *d, unsigned listener)
{
    return cg_doctor_guard(d, listener) && !asks_other(d, listener, CG_DOCTOR_LOGIN);
}

/* Is allow_anonymous the only way for clients of this listener to log in, apart from those that the policy refuses? */
static bool has_no_login(const struct cg_doctor *d, unsigned listener)
{
    bool tls = cg_conf_is_tls(&d->conf, listener);
    bool by_certificate = tls && (cg_doctor_policy(d, listener)->identity.authenticates ||
                                  takes_names_from_certificates(d, listener));
    bool expected = tls || (is_plain(&d->conf, listener) && plain_allowed(d, listener));
    return expected && !by_certificate && asks_certguard_alone(d, listener) &&
           !cg_conf_find(&d->conf, listener, "password_file");
}

/* With a user name from the certificate, allow_anonymous has no effect on the client. */
static bool admits_anonymous(const struct cg_doctor *d, unsigned listener)
{
    bool has_name = cg_conf_is_tls(&d->conf, listener) &&
                    cg_doctor_policy(d, listener)->identity.username != CG_IDENTITY_NONE;
    return accepts_anonymous(d, listener) && !has_name;
}

/* Reports the listeners without a way to log in, if they accept anonymous clients or not. */
static void report_without_login(struct cg_doctor *d, const struct cg_rule_row *row, bool anonymous, const char *what)
{
    for (unsigned i = first_listener(d); d->snapshot && i <= d->conf.listeners; i++)
        if (has_no_login(d, i) && admits_anonymous(d, i) == anonymous)
            cg_doctor_report(d, row, "%s: %s port %u has no password_file", d->snapshot->policy->name, what,
                             (unsigned)cg_conf_port(&d->conf, i));
}

static void nobody_authenticates(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_without_login(d, row, false, "\"authenticates\" is not true,");
}

static void user_names_refused(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_without_login(d, row, true, "\"authenticates\" is not true, allow_anonymous is true,");
}

/* Only with a user name from the certificate can the pattern %u of an access list be trusted. */
static const char *acl_missing(const struct cg_doctor *d, unsigned listener)
{
    const struct cg_listener_policy *policy = cg_doctor_policy(d, listener);
    bool identity = policy && cg_conf_is_tls(&d->conf, listener) && policy->identity.username != CG_IDENTITY_NONE;
    bool has_list = cg_conf_find(&d->conf, listener, "acl_file") || asks_other(d, listener, CG_DOCTOR_TOPICS);
    return identity && !has_list ? "no access list" : NULL;
}

static const struct cg_doctor_rule rules[] = {
    {{"certificate_not_required", CG_LINT_ERROR, "", "Anyone can connect, with or without a certificate.",
      "Give each client that has none a certificate (certguard issue client NAME), then set: require_certificate true"},
     .check = certificate_not_required},
    {{"certificate_left_to_plugin", CG_LINT_WARNING, "",
      "Only certguard requires a certificate here. If its plugin line is removed, anyone can connect.",
      "Set: require_certificate true"},
     .check = certificate_left_to_plugin,
     .fix = CG_LINE_SET_TRUE,
     .is_safe = has_trust},
    {{"listener_incomplete", CG_LINT_ERROR, "", "The broker does not start, or the listener accepts no client.",
      "Set certfile, keyfile and cafile together."},
     .listener = listener_incomplete},
    {{"tls_version_old", CG_LINT_ERROR, "",
      "TLS below 1.2 is insecure. With a version below 1.1, Mosquitto does not start.",
      "Remove the line: the default is TLS 1.2 and 1.3. Clients that support neither need an update first."},
     .keys = VERSIONS,
     .line = is_old_version,
     .fix = CG_LINE_COMMENT_OUT,
     .is_safe = is_unused},
    {{"tls_version_unknown", CG_LINT_ERROR, "", "Mosquitto does not know this version and does not start.",
      "Remove the line: the default is TLS 1.2 and 1.3. Or write tlsv1.2 or tlsv1.3."},
     .keys = VERSIONS,
     .line = is_unknown_version},
    {{"ciphers_weak", CG_LINT_ERROR, "",
      "The list allows ciphers or keys that give no protection. If the line was added because of \"key too small\", "
      "replace the key.",
      "Remove the line to use the default list of the TLS library. Clients that need one of these ciphers need an "
      "update first."},
     .keys = CG_DOCTOR_CIPHERS,
     .line = is_weak_list},
    {{"psk_listener", CG_LINT_WARNING, "",
      "Clients of this listener have a shared key and no certificate. certguard refuses them. Without certguard, "
      "nothing but the key is checked.",
      "Allow shared keys with tls.psk for this port in \"listeners\" of the policy. Or give each of these clients a "
      "certificate, and use a listener with certificates."},
     .check = shared_keys},
    {{"plain_listener", CG_LINT_WARNING, "", "Passwords and messages cross the network unencrypted.",
      "Add a listener with cafile, certfile and keyfile on another port and move the clients there. Then bind this "
      "listener to 127.0.0.1 or remove it."},
     .listener = plain_listener},
    {{"listener_unasked", CG_LINT_WARNING, "",
      "A listener setting before the first \"listener\" line belongs to a separate listener. Depending on its version, "
      "Mosquitto opens port 1883 on every address for it, or does not start.",
      "Move the line below the \"listener\" line that it is meant for. If clients use port 1883, add that listener: "
      "listener 1883"},
     .check = listener_unasked},
    {{"plain_listeners_differ", CG_LINT_ERROR, "",
      "Mosquitto 2.0 does not show plugins which listener a client connected to. If the policy allows some listeners "
      "without TLS and denies others, certguard refuses the clients of all of them.",
      "Give all listeners without TLS the same \"plain\" in the policy, configure TLS for all but one of them, or "
      "update to Mosquitto 2.1."},
     .when = plain_listeners_differ,
     .listener = plain_setting},
    {{"anonymous_allowed", CG_LINT_WARNING, "",
      "Clients without a user name can connect, besides those with a certificate.",
      "When every client has a certificate whose name the policy's identity section uses, or a user name in "
      "password_file, set the line to false."},
     .when = anonymous_matters,
     .check = anonymous_allowed},
    {{"nobody_authenticates", CG_LINT_ERROR, "",
      "certguard leaves the decision to a password that nothing checks. Every client is denied, without an event.",
      "Set identity.username and identity.authenticates true for this port in \"listeners\" of the policy, or add a "
      "password_file. Clients without TLS need the password_file."},
     .check = nobody_authenticates},
    {{"user_names_refused", CG_LINT_WARNING, "",
      "Clients that send a user name are refused here, even in audit mode. With a plugin, Mosquitto applies "
      "allow_anonymous only to clients without a user name.",
      "If some clients send a user name, remove it from their settings, or add a password_file with their users."},
     .check = user_names_refused},
    {{"acl_missing", CG_LINT_NOTICE, "", "Every client may read and write every topic.",
      "Add an acl_file with lines such as: pattern readwrite devices/%u/#. On Mosquitto 2.1, the acl-file plugin reads "
      "the same file (mosquitto_certguard(8))."},
     .listener = acl_missing},
};
const struct cg_doctor_rules cg_doctor_listener_rules = {rules, CG_COUNT(rules)};
