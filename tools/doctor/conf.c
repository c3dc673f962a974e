/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the plugin's lines in mosquitto.conf and on the broker as a whole. */
#include "rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void plugin_missing(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (!d->plugin)
        cg_doctor_report(d, row, "%s: there is no line \"plugin .../mosquitto_certguard.so\"", d->conf.files[0]);
}

static void plugin_file(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; i <= d->conf.plugins; i++) {
        const struct cg_conf_line *line = cg_conf_plugin(&d->conf, i);
        const char *file = cg_conf_plugin_file(&d->conf, i);
        if (faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) != 0)
            cg_doctor_report(d, row, "%s:%u: %s: no such file, or user %s cannot read it", line->file, line->line, file,
                             d->user);
    }
}

/* The first 20 bytes of an ELF file: class and byte order, and the machine at offset 18. */
static bool read_head(const char *file, unsigned char head[20])
{
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, head, 20, 0) : -1;
    if (fd >= 0)
        close(fd);
    return n == 20;
}

static void plugin_machine(struct cg_doctor *d, const struct cg_rule_row *row)
{
    unsigned char self[20], head[20];
    const char *file = cg_conf_plugin_file(&d->conf, d->plugin);
    const struct cg_conf_line *line = cg_conf_plugin(&d->conf, d->plugin);
    if (!line || faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) != 0 || !read_head("/proc/self/exe", self))
        return;
    if (!read_head(file, head) || memcmp(head, self, 6) != 0 || memcmp(head + 18, self + 18, 2) != 0)
        cg_doctor_report(d, row, "%s:%u: %s", line->file, line->line, file);
}

/* Is the plugin asked about CONNECT at a listener before certguard? Global plugins are asked first, and plugins of one kind in
 * the order of their lines. */
static bool is_asked_first(const struct cg_doctor *d, unsigned plugin)
{
    bool global = cg_conf_plugin_is_global(&d->conf, plugin);
    if (cg_conf_is_certguard(&d->conf, plugin) || !cg_doctor_asks(d, plugin, CG_DOCTOR_LOGIN))
        return false;
    for (unsigned i = 0; i <= d->conf.listeners; i++) {
        unsigned guard = cg_doctor_guard(d, i);
        bool first = global == cg_conf_plugin_is_global(&d->conf, guard) ? plugin < guard : global;
        if (guard && first && cg_conf_plugin_applies(&d->conf, plugin, i))
            return true;
    }
    return false;
}

/* password_file is asked after all plugins of its kind. */
static void plugin_order(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const struct cg_conf_line *users = cg_conf_find(&d->conf, 0, "password_file");
    for (unsigned p = 1; p <= d->conf.plugins; p++)
        if (is_asked_first(d, p))
            cg_doctor_report_line(d, row, cg_conf_plugin(&d->conf, p));
    if (d->plugin && users && !d->conf.per_listener && !cg_conf_plugin_is_global(&d->conf, d->plugin))
        cg_doctor_report_line(d, row, users);
}

static void plugin_options(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const struct cg_conf_line *plugin = cg_conf_plugin(&d->conf, d->plugin);
    if (!plugin)
        return;
    bool policy = cg_conf_plugin_option(&d->conf, d->plugin, "policy") != NULL;
    bool anchors = cg_conf_plugin_option(&d->conf, d->plugin, "trust_anchors") != NULL;
    if (policy == anchors)
        cg_doctor_report(
            d, row, "%s:%u: expected either plugin_opt_policy or plugin_opt_trust_anchors below this line, found %s",
            plugin->file, plugin->line, policy ? "both" : "neither");
}

/* Reports the lines by which the broker takes user names from certificates, if use_username_as_clientid of the same
 * listener is as given. That setting alone refuses every client without a user name. Without TLS, such a line has no
 * effect. With shared keys, the policy does not decide about names. */
static void report_names_from_broker(struct cg_doctor *d, const struct cg_rule_row *row, bool client_ids)
{
    for (size_t i = 0; i < d->conf.count; i++) {
        const struct cg_conf_line *line = &d->conf.item[i];
        bool names = strcmp(line->key, "use_identity_as_username") == 0 ||
                     strcmp(line->key, "use_subject_as_username") == 0;
        if (names && cg_conf_true(line) && cg_conf_is_tls(&d->conf, line->listener) &&
            cg_conf_true(cg_conf_find(&d->conf, line->listener, "use_username_as_clientid")) == client_ids)
            cg_doctor_report_line(d, row, line);
    }
}

static void username_from_broker(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_names_from_broker(d, row, false);
}

static void client_id_from_broker(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_names_from_broker(d, row, true);
}

static bool authenticates(const struct cg_doctor *d, unsigned listener)
{
    const struct cg_listener_policy *policy = cg_doctor_policy(d, listener);
    return policy && cg_conf_is_tls(&d->conf, listener) && policy->identity.authenticates;
}

static void dynamic_security(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned p = 1; p <= d->conf.plugins; p++)
        for (unsigned i = 0; i <= d->conf.listeners; i++) {
            const struct cg_conf_line *line = cg_conf_plugin(&d->conf, p);
            if (cg_conf_plugin_is(&d->conf, p, CG_CONF_DYNSEC_PLUGIN) && authenticates(d, i) &&
                cg_conf_plugin_applies(&d->conf, p, i))
                cg_doctor_report(d, row, "%s:%u: %s %s, and \"authenticates\": true for port %u", line->file,
                                 line->line, line->key, line->value, (unsigned)cg_conf_port(&d->conf, i));
        }
}

/* Without a CRL in the policy, the line is the only revocation check. */
static bool policy_has_crl(const struct cg_doctor *d, const struct cg_conf_line *line)
{
    (void)line;
    return d->snapshot && cg_crl_set_count(cg_trust_crls(d->snapshot->trust)) > 0;
}

static bool is_http_api(const struct cg_conf_line *line)
{
    return strcmp(line->value, "http_api") == 0;
}

static void listener_without_plugin(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; d->plugin && i <= d->conf.listeners; i++)
        if (!cg_doctor_guard(d, i))
            cg_doctor_report_line(d, row, cg_conf_listener(&d->conf, i));
}

static void plugin_unused(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned p = 1; p <= d->conf.plugins; p++) {
        bool used = false;
        for (unsigned i = 0; !used && i <= d->conf.listeners; i++)
            used = cg_conf_plugin_applies(&d->conf, p, i);
        if (!used)
            cg_doctor_report_line(d, row, cg_conf_plugin(&d->conf, p));
    }
}

/* The broker follows include_dir only in its main file; 2.1 exits on another one. */
static void nested_include(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (size_t i = 0; i < d->conf.count; i++)
        if (strcmp(d->conf.item[i].key, "include_dir") == 0 && d->conf.item[i].file != d->conf.files[0])
            cg_doctor_report_line(d, row, &d->conf.item[i]);
}

static void no_delay(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (size_t i = 0; i < d->conf.count; i++)
        if (strcmp(d->conf.item[i].key, "set_tcp_nodelay") == 0 && cg_conf_true(&d->conf.item[i]))
            return;
    if (!d->plugin)
        cg_doctor_report(d, row, "%s: there is no line \"set_tcp_nodelay true\"", d->conf.files[0]);
}

static bool is_2_0_11_with_plugin(const struct cg_doctor *d)
{
    return d->plugin && cg_doctor_is_2_0_11(d);
}

static bool lacks_user(const struct cg_doctor *d)
{
    return d->uid == (uid_t)-1;
}

static void as_root(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (d->uid == 0)
        cg_doctor_report(d, row, "%s: user %s", d->conf.files[0], d->user);
}

static void version(struct cg_doctor *d, const struct cg_rule_row *row)
{
    unsigned major = 0, minor = 0, patch = 0;
    if (sscanf(d->version, "%u.%u.%u", &major, &minor, &patch) < 2) // NOLINT(cert-err34-c): zeros are an old version
        return;
    if (major != 2 || minor > 1 || (minor == 0 && patch < 11))
        cg_doctor_report(d, row, "the installed mosquitto is %s", d->version);
}

static const struct cg_doctor_rule rules[] = {
    {{"plugin_missing", CG_LINT_ERROR, "", "The broker runs without certguard: no policy, no CRL check and no events.",
      "Add: plugin /usr/lib/x86_64-linux-gnu/mosquitto_certguard.so, and below it plugin_opt_policy FILE."},
     .check = plugin_missing},
    {{"plugin_unreadable", CG_LINT_ERROR, "", "The broker does not start without its plugin.",
      "Correct the path, or make the file and its folders readable: chmod a+rx"},
     .check = plugin_file},
    {{"plugin_foreign", CG_LINT_ERROR, "", "This is not a shared object for this machine. The broker does not start.",
      "Install the package for this architecture. If the file was truncated, copy it again."},
     .check = plugin_machine},
    {{"plugin_options", CG_LINT_ERROR, "", "The plugin does not load, and the broker does not start.",
      "Set exactly one of the two options."},
     .check = plugin_options},
    {{"plugin_order", CG_LINT_WARNING, "",
      "Mosquitto asks this before certguard. The first one that decides about a client wins, so certguard is not asked "
      "about that client's certificate.",
      "Move certguard's plugin line, with the plugin_opt lines below it, above this line. If certguard is loaded with "
      "plugin_load, Mosquitto first asks the plugins of all listeners and password_file. Then load this with "
      "plugin_load too, below certguard, and add its plugin_use line to every listener; load the file of password_file "
      "with Mosquitto's password-file plugin, and remove password_file only after the restart. If "
      "identity.authenticates is "
      "true in the policy, this plugin is then no longer asked about clients with a certificate. So first add the "
      "certificates of the clients that it keeps out to the policy's deny list, or revoke them."},
     .check = plugin_order},
    {{"username_from_broker", CG_LINT_WARNING, "",
      "The broker then asks no plugin about CONNECT, so the policy's rules for user names and client ids are not "
      "applied.",
      "Set identity.username (\"cn\", or \"subject\" for use_subject_as_username) and identity.authenticates true for "
      "this port in \"listeners\" of the policy, then remove the line. Without \"authenticates\", a client that sends "
      "no password is refused. Keep the line if certificates have names with one of + # / * or a leading $: certguard "
      "refuses them. Also keep it if \"client\" in the policy does not require certificates: with the line, the broker "
      "refuses clients without one; without the line, a password is enough."},
     .check = username_from_broker},
    {{"client_id_from_broker", CG_LINT_WARNING, "",
      "The broker takes the user name and client id from the certificate and asks no plugin about CONNECT. The "
      "policy's identity section has no effect.",
      "Keep both lines. Or remove this line and use_username_as_clientid together, and set identity.username, "
      "authenticates true and client_id \"equal\" for this port in \"listeners\" of the policy. Before that, set the "
      "client id of every client to the name in its certificate. With use_username_as_clientid alone, the broker "
      "refuses every client that sends no user name."},
     .check = client_id_from_broker},
    {{"dynsec_not_asked", CG_LINT_WARNING, "",
      "The certificate is enough here (identity.authenticates), so dynamic-security does not decide about CONNECT. A "
      "client that is disabled there still connects and keeps its roles.",
      "To keep a client out, add its certificate to the policy's deny list or revoke it. To let dynamic-security "
      "decide, first create a client there for each certificate, with the certificate's name and a password, and make "
      "every device send both. Then set identity.authenticates to false. dynamic-security then refuses every client "
      "that sends no password."},
     .check = dynamic_security},
    {{"crlfile_beside_plugin", CG_LINT_ERROR, "",
      "If this file is invalid at a reload, Mosquitto 2.1 exits, and Mosquitto 2.0 accepts revoked clients.",
      "Remove the line and name the CRL in trust.crls of the policy."},
     .when = cg_doctor_has_plugin,
     .keys = CG_KEYS("crlfile"),
     .fix = CG_LINE_COMMENT_OUT,
     .is_safe = policy_has_crl},
    {{"date_checks_beside_plugin", CG_LINT_WARNING, "",
      "This setting has no effect with certguard: client certificates that have expired or are not valid yet are "
      "refused.",
      "Remove the line, and renew the certificates that have expired. A device with a slow clock needs no exception, "
      "because the broker's clock decides."},
     .when = cg_doctor_has_plugin,
     .keys = CG_KEYS("disable_client_cert_date_checks"),
     .line = cg_conf_true},
    {{"http_api_beside_plugin", CG_LINT_WARNING, "",
      "This listener uses another TLS library (libmicrohttpd). certguard sees neither its certificate nor its clients.",
      "Bind it to 127.0.0.1 (\"listener PORT 127.0.0.1\"), or put a server in front of it that checks clients."},
     .when = cg_doctor_has_plugin,
     .keys = CG_KEYS("protocol"),
     .line = is_http_api},
    {{"proxy_protocol", CG_LINT_WARNING, "",
      "If the proxy ends TLS, certguard sees no client certificates and treats the clients as clients without TLS. The "
      "address that it limits and logs is the proxy's.",
      "Let the proxy pass TLS through, without the PROXY protocol. Or check certificates and revocation in the proxy."},
     .when = cg_doctor_has_plugin,
     .keys = CG_KEYS("enable_proxy_protocol")},
    {{"listener_without_plugin", CG_LINT_WARNING, "",
      "The plugin applies only to other listeners (per_listener_settings or plugin_load). The policy's identity rules "
      "are not applied to clients of this listener.",
      "First add an entry for this port to \"listeners\" of the policy that keeps its clients connected: \"plain\": "
      "\"allow\" if they connect without TLS, identity.username \"none\" and identity.authenticates false if they log "
      "in with a password. Then repeat the plugin lines below this listener (for plugin_load: plugin_use NAME), and "
      "keep per_listener_settings. Do not change a listener whose allow_anonymous accepts clients that send a user "
      "name: with a plugin, Mosquitto refuses user names that are not in its password_file."},
     .check = listener_without_plugin},
    {{"plugin_unused", CG_LINT_ERROR, "",
      "No plugin_use line names this plugin. Mosquitto 2.1.2 then exits at its start, and its log does not show why.",
      "Add plugin_use NAME below the listeners that the plugin is for, or remove the line and its plugin_opt lines."},
     .check = plugin_unused},
    {{"per_listener_2_0_11", CG_LINT_NOTICE, "",
      "Mosquitto 2.0.11 loads the plugin once for every listener that names it.",
      "If all listeners have the same settings and plugin lines, write each of these lines once, before the first "
      "listener, and remove per_listener_settings. Without per_listener_settings, Mosquitto does not start if "
      "password_file or acl_file is set twice."},
     .when = is_2_0_11_with_plugin,
     .keys = CG_KEYS("per_listener_settings"),
     .line = cg_conf_true},
    {{"include_nested", CG_LINT_ERROR, "",
      "The broker follows include_dir only in its main file. It does not start, or never reads that folder.",
      "Move the line into the main file."},
     .check = nested_include},
    {{"tcp_nodelay", CG_LINT_NOTICE, "",
      "Every TLS connection takes about 40 ms longer, because the kernel delays small packets.",
      "Set: set_tcp_nodelay true (certguard's plugin does this automatically)."},
     .check = no_delay},
    {{"broker_as_root", CG_LINT_NOTICE, "", "Anyone who takes over the broker then has all rights on this machine.",
      "Run it as a separate user: user mosquitto. Before that, run certguard doctor --user mosquitto, which lists what "
      "that user cannot read."},
     .check = as_root},
    {{"broker_user_missing", CG_LINT_ERROR, "",
      "There is no such user on this machine. If root starts the broker, it exits at once.",
      "Create the user, or name another one in the line \"user NAME\"."},
     .when = lacks_user,
     .keys = CG_KEYS("user")},
    {{"broker_version", CG_LINT_ERROR, "", "certguard works with Mosquitto 2.1, and with 2.0 from 2.0.11.",
      "Install Mosquitto 2.1, or 2.0.11 or later."},
     .check = version},
};
const struct cg_doctor_rules cg_doctor_conf_rules = {rules, CG_COUNT(rules)};
