/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the plugin's lines in mosquitto.conf and on what holds for the whole broker. */
#include "rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool any_value(const struct cg_conf_line *line)
{
    return line->value[0] != '\0';
}

static void plugin_missing(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (!d->plugin)
        cg_doctor_report(d, row, "%s: no line \"plugin .../mosquitto_certguard.so\"", d->conf.files[0]);
}

static void plugin_file(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; i <= d->conf.plugins; i++) {
        const struct cg_conf_line *line = cg_conf_plugin(&d->conf, i);
        const char *file = cg_conf_plugin_file(&d->conf, i);
        if (faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) != 0)
            cg_doctor_report(d, row, "%s:%u: %s: no such file, or user %s may not read it", line->file, line->line,
                             file, d->user);
    }
}

/* The first 20 bytes of an ELF file: class, byte order, and at 18 the machine. */
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

static void plugin_order(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; i < d->plugin; i++)
        cg_doctor_report_line(d, row, cg_conf_plugin(&d->conf, i));
}

static void plugin_options(struct cg_doctor *d, const struct cg_rule_row *row)
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

/* The lines by which the broker takes user names from certificates, by whether the same listener takes its client ids
 * from user names: alone that one refuses every client that sends no user name. Names of shared keys are no business of
 * the policy, and without TLS such a line does nothing. */
static void names_of_broker(struct cg_doctor *d, const struct cg_rule_row *row, bool client_ids)
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

static void name_from_broker(struct cg_doctor *d, const struct cg_rule_row *row)
{
    names_of_broker(d, row, false);
}

static void client_id_from_broker(struct cg_doctor *d, const struct cg_rule_row *row)
{
    names_of_broker(d, row, true);
}

/* Does a plugin line hold for this listener? */
static bool holds_for(const struct cg_conf *conf, const struct cg_conf_line *plugin, unsigned listener)
{
    bool everywhere = !conf->per_listener || strcmp(plugin->key, "global_plugin") == 0;
    return everywhere || plugin->listener == listener;
}

static bool lets_in(const struct cg_doctor *d, unsigned listener)
{
    const struct cg_policy *policy = d->snapshot ? d->snapshot->policy : NULL;
    return policy && cg_conf_is_tls(&d->conf, listener) &&
           cg_policy_listener(policy, cg_conf_port(&d->conf, listener))->identity.authenticates;
}

static void dynamic_security(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned p = 1; p <= d->conf.plugins; p++)
        for (unsigned i = 0; i <= d->conf.listeners; i++) {
            const struct cg_conf_line *line = cg_conf_plugin(&d->conf, p);
            if (strstr(cg_conf_plugin_file(&d->conf, p), "mosquitto_dynamic_security") && lets_in(d, i) &&
                holds_for(&d->conf, line, i))
                cg_doctor_report(d, row, "%s:%u: %s %s, and \"authenticates\": true for port %u", line->file,
                                 line->line, line->key, line->value, (unsigned)cg_conf_port(&d->conf, i));
        }
}

static void crlfile(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"crlfile", NULL};
    if (d->plugin)
        cg_doctor_each_line(d, row, keys, any_value);
}

/* Without a CRL in the policy the line is the only revocation there is. */
static bool policy_has_crl(const struct cg_doctor *d, const struct cg_conf_line *line)
{
    (void)line;
    return d->snapshot && cg_crl_set_count(cg_trust_crls(d->snapshot->trust)) > 0;
}

/* Mosquitto 2.1 */
static void date_checks_off(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"disable_client_cert_date_checks", NULL};
    if (d->plugin)
        cg_doctor_each_line(d, row, keys, cg_conf_true);
}

static bool is_http_api(const struct cg_conf_line *line)
{
    return strcmp(line->value, "http_api") == 0;
}

static void other_tls(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"protocol", NULL};
    if (d->plugin)
        cg_doctor_each_line(d, row, keys, is_http_api);
}

static void behind_proxy(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"enable_proxy_protocol", NULL};
    if (d->plugin)
        cg_doctor_each_line(d, row, keys, any_value);
}

/* "plugin_use NAME" below the listener, of a "plugin_load NAME FILE" anywhere (Mosquitto 2.1). */
static bool is_used(const struct cg_conf *conf, unsigned listener, const struct cg_conf_line *load)
{
    size_t len = strcspn(load->value, " \t");
    for (size_t i = 0; i < conf->count; i++) {
        const struct cg_conf_line *line = &conf->item[i];
        if (line->listener == listener && strcmp(line->key, "plugin_use") == 0 && strlen(line->value) == len &&
            strncmp(line->value, load->value, len) == 0)
            return true;
    }
    return false;
}

static bool is_bound(const struct cg_conf *conf, unsigned listener)
{
    for (unsigned p = 1; p <= conf->plugins; p++) {
        const struct cg_conf_line *line = cg_conf_plugin(conf, p);
        bool by_name = strcmp(line->key, "plugin_load") == 0;
        if (cg_conf_is_certguard(conf, p) && (by_name ? is_used(conf, listener, line) : line->listener == listener))
            return true;
    }
    return false;
}

/* Does a plugin line count for its listener alone? Always for "plugin_load", never for "global_plugin". */
static bool counts_alone(const struct cg_doctor *d)
{
    const struct cg_conf_line *plugin = cg_conf_plugin(&d->conf, d->plugin);
    if (!plugin || strcmp(plugin->key, "global_plugin") == 0)
        return false;
    return d->conf.per_listener || strcmp(plugin->key, "plugin_load") == 0;
}

static void listener_alone(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; counts_alone(d) && i <= d->conf.listeners; i++)
        if (!is_bound(&d->conf, i))
            cg_doctor_report_line(d, row, cg_conf_listener(&d->conf, i));
}

static void per_listener_old(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"per_listener_settings", NULL};
    if (d->plugin && strcmp(d->version, "2.0.11") == 0)
        cg_doctor_each_line(d, row, keys, cg_conf_true);
}

static void deprecated(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"per_listener_settings", "password_file", "acl_file", NULL};
    if (strncmp(d->version, "2.", 2) == 0 && strncmp(d->version, "2.0.", 4) != 0)
        cg_doctor_each_line(d, row, keys, any_value);
}

/* The broker reads included folders from the main file alone; 2.1 ends on it. */
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
        cg_doctor_report(d, row, "%s: no line \"set_tcp_nodelay true\"", d->conf.files[0]);
}

static void as_root(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (d->uid == 0)
        cg_doctor_report(d, row, "%s: user %s", d->conf.files[0], d->user);
}

/* Only where a line names it: without one the broker makes do with "nobody". */
static void no_user(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"user", NULL};
    if (d->uid == (uid_t)-1)
        cg_doctor_each_line(d, row, keys, any_value);
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
    {{"plugin_missing", CG_LINT_ERROR, "", "The broker runs without certguard: no policy, no CRL check, no events.",
      "Add: plugin /usr/lib/x86_64-linux-gnu/mosquitto_certguard.so, and below it plugin_opt_policy FILE."},
     .look = plugin_missing},
    {{"plugin_unreadable", CG_LINT_ERROR, "", "The broker does not start without its plugin.",
      "Correct the path, or make file and folders readable: chmod a+rx."},
     .look = plugin_file},
    {{"plugin_foreign", CG_LINT_ERROR, "", "This is no shared object for this machine: the broker does not start.",
      "Install the package for this architecture; a file that was cut short is copied again."},
     .look = plugin_machine},
    {{"plugin_options", CG_LINT_ERROR, "", "The plugin does not load, and the broker does not start.",
      "Name one of them."},
     .look = plugin_options},
    {{"plugin_order", CG_LINT_WARNING, "",
      "This plugin stands before certguard's: the first one that decides about a client wins, and the certificate is "
      "not asked.",
      "Move certguard's plugin line, with the plugin_opt lines below it, above this one. Where identity.authenticates "
      "of "
      "the policy is true, this plugin is then not asked about clients with a certificate: first put the certificates "
      "of those that it keeps out on the policy's deny list, or revoke them."},
     .look = plugin_order},
    {{"username_from_broker", CG_LINT_WARNING, "",
      "The broker then never asks a plugin about CONNECT: user name and client id are not bound as the policy says.",
      "Set identity.username (\"cn\", or \"subject\" for use_subject_as_username) and identity.authenticates true for "
      "this port, in \"listeners\" of the policy, then remove the line: without \"authenticates\" a client that sends "
      "no password stays out. Keep the line where certificates have names with one of + # / * or a leading $: those "
      "are refused then; and where \"client\" of the policy does not require certificates: without them the broker "
      "refuses, and a password would be enough then."},
     .look = name_from_broker},
    {{"client_id_from_broker", CG_LINT_WARNING, "",
      "The broker takes user name and client id from the certificate and never asks a plugin about CONNECT: the "
      "policy's identity section has no effect.",
      "Keep both lines, or remove this one and use_username_as_clientid together and set identity.username, "
      "authenticates true and client_id \"equal\" for this port, in \"listeners\" of the policy. Before that, set the "
      "client id of every client to "
      "the name in its certificate. With use_username_as_clientid alone the broker refuses every client that sends "
      "no user name."},
     .look = client_id_from_broker},
    {{"dynsec_not_asked", CG_LINT_WARNING, "",
      "The certificate is enough here (identity.authenticates), so dynamic-security does not decide about CONNECT: "
      "a client that is disabled there still connects and keeps its roles.",
      "To keep a client out, put its certificate on the policy's deny list or revoke it. To let dynamic-security "
      "decide, first make a client there for each certificate, with the certificate's name and a password, and have "
      "every device send both. Then set identity.authenticates to false: from then on dynamic-security refuses "
      "whoever sends no password."},
     .look = dynamic_security},
    {{"crlfile_beside_plugin", CG_LINT_ERROR, "",
      "Mosquitto 2.1 ends when this file is bad at a reload, 2.0 accepts revoked clients then.",
      "Remove the line and name the CRL in the policy's trust.crls."},
     .look = crlfile,
     .fix = CG_LINE_OUT,
     .is_safe = policy_has_crl},
    {{"date_checks_beside_plugin", CG_LINT_WARNING, "",
      "It has no effect beside certguard: client certificates that expired or are not valid yet are refused.",
      "Remove the line, and renew the certificates that expired. A device whose clock is slow needs no exception: the "
      "broker's clock decides."},
     .look = date_checks_off},
    {{"http_api_beside_plugin", CG_LINT_WARNING, "",
      "This listener speaks TLS by another library (libmicrohttpd): certguard sees neither its certificate nor its "
      "clients.",
      "Let it listen on 127.0.0.1 alone (\"listener PORT 127.0.0.1\"), or put a server that checks clients before it."},
     .look = other_tls},
    {{"proxy_protocol", CG_LINT_WARNING, "",
      "Where the proxy ends TLS, certguard sees no client certificates and takes such clients as those without TLS; "
      "the address that it limits and logs is the proxy's.",
      "Let the proxy pass TLS through, without the PROXY protocol; or check certificates and revocation in the proxy."},
     .look = behind_proxy},
    {{"listener_without_plugin", CG_LINT_WARNING, "",
      "The plugin counts for other listeners alone (per_listener_settings, or plugin_load): the identity of clients "
      "here is not bound.",
      "First give its port an entry in \"listeners\" of the policy that keeps its clients: \"plain\": \"allow\" where "
      "they "
      "connect without TLS, identity.username \"none\" and identity.authenticates false where they log in with a "
      "password. Then repeat the plugin lines below this listener (after plugin_load: plugin_use NAME), and keep "
      "per_listener_settings. Leave a listener as it is where allow_anonymous lets in clients that send a user name: "
      "beside a plugin Mosquitto refuses those that its password_file does not know."},
     .look = listener_alone},
    {{"per_listener_2_0_11", CG_LINT_NOTICE, "",
      "Mosquitto 2.0.11 loads the plugin once for every listener that names it.",
      "Where all listeners have the same settings and plugin lines: write each of these lines once, before the first "
      "listener, and remove per_listener_settings. Mosquitto does not start with a password_file or acl_file that is "
      "named twice without it."},
     .look = per_listener_old},
    {{"deprecated_in_2_1", CG_LINT_NOTICE, "",
      "Mosquitto 2.1 takes this line; Mosquitto 3.0 is announced to do without it.",
      "Keep it with 2.1. Before an update to 3.0, see in mosquitto.conf(5) of that version what takes its place; "
      "plugins "
      "that do stand below certguard's."},
     .look = deprecated},
    {{"include_nested", CG_LINT_ERROR, "",
      "The broker follows include_dir from its main file alone: it does not start, or "
      "never reads that folder.",
      "Move the line into the main file."},
     .look = nested_include},
    {{"tcp_nodelay", CG_LINT_NOTICE, "", "Every TLS connect waits about 40 ms for the kernel.",
      "Set: set_tcp_nodelay true (certguard's plugin does it by itself)."},
     .look = no_delay},
    {{"broker_as_root", CG_LINT_NOTICE, "", "A fault in the broker is then a fault with every right on this machine.",
      "Start it as an own user: user mosquitto. Before that, certguard doctor --user mosquitto names what that user "
      "cannot read."},
     .look = as_root},
    {{"broker_user_missing", CG_LINT_ERROR, "", "There is no such user here: started by root, the broker ends at once.",
      "Make the user, or name another in the line \"user NAME\"."},
     .look = no_user},
    {{"broker_version", CG_LINT_ERROR, "", "certguard works with Mosquitto 2.0, from 2.0.11 on, and 2.1.",
      "Install Mosquitto 2.0.11 or later."},
     .look = version},
};
const struct cg_doctor_rules cg_doctor_conf_rules = {rules, CG_COUNT(rules)};
