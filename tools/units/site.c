/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "site.h"
#include "base/failure.h"
#include "broker/mosquitto_conf.h"
#include "core/file/file.h"
#include "core/policy/policy_load.h"
#include "store/open.h"
#include "store/target.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/mosquitto/mosquitto.conf"
#define KEY_LIMIT      ((size_t)64 << 10)
#define NETWORK        " AF_INET AF_INET6 AF_NETLINK"
/* systemd may interpret other characters */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_-"

bool cg_units_wanted(const struct cg_units_site *site, const char *name)
{
    const struct {
        const char *start;
        bool wanted;
    } rows[] = {
        {"certguard-renew.", site->has_ca},
        {"certguard-crl.", site->has_ca},
        {"certguard-requests.path", site->spool[0]}, /* before the other two */
        {"certguard-requests.", site->requests[0]},
        {"certguard-doctor.", site->has_config},
        {"certguard.logrotate", site->has_log},
        {"mosquitto-restart.conf", site->has_config},
        {"systemd-time-wait-sync-", site->waits_forever},
    };
    for (size_t i = 0; i < CG_COUNT(rows); i++)
        if (strncmp(name, rows[i].start, strlen(rows[i].start)) == 0)
            return rows[i].wanted;
    return false;
}

static bool resolve(const char *path, char out[PATH_MAX], struct cg_error *err)
{
    if (!realpath(path, out))
        return cg_fail_errno(err, "find", path);
    return cg_unit_path_fits(out, err);
}

/* --- the CA --- */

static bool read_key(struct cg_units_site *site, const struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_bytes bytes;
    site->is_token = cg_ca_has(ca, "ca/key.uri");
    if (site->is_token || !cg_ca_has(ca, "ca/key.pem"))
        return true;
    if (!cg_file_read(cg_ca_path(ca, path, "ca/key.pem"), CG_FILE_PRIVATE_KEY, KEY_LIMIT, &bytes, err))
        return false;
    site->key_is_encrypted = strstr((const char *)bytes.data, "ENCRYPTED");
    cg_bytes_wipe(&bytes);
    return true;
}

static bool name_user(struct cg_units_site *site, const char *wanted, struct cg_error *err)
{
    struct stat st;
    if (stat(site->ca, &st) != 0)
        return cg_fail_errno(err, "read", site->ca);
    const struct passwd *entry = wanted ? getpwnam(wanted) : getpwuid(st.st_uid);
    if (!entry)
        return cg_fail_text(err, "there is no user %s on this machine; name another with --user",
                            wanted ? wanted : "that owns the CA's folder");
    /* not root either: on the CA of another user it takes that user's rights, for which the unit would need more
     * capabilities */
    if (entry->pw_uid != st.st_uid) {
        char word[PATH_MAX];
        bool fits = cg_file_shell_word(site->ca, word, sizeof word);
        return cg_fail_text(
            err,
            "%s: user %s does not own this folder; leave out --user to run the units as its owner, or change "
            "the owner first: chown -R %s %s",
            site->ca, entry->pw_name, entry->pw_name, fits ? word : "FOLDER");
    }
    snprintf(site->user, sizeof site->user, "%s", entry->pw_name);
    return true;
}

static bool find_hook(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    struct cg_units_site *site = context;
    (void)ca;
    (void)err;
    site->has_hook = site->has_hook || target->hook;
    return true;
}

static bool read_ca(struct cg_units_site *site, const struct cg_cli *cli, const struct cg_units_request *request,
                    struct cg_error *err)
{
    struct cg_ca_options options = {.word = cli->dir_word, .dry_run = cli->dry_run};
    struct cg_ca ca;
    char path[PATH_MAX];
    const char *dir = request->ca ? request->ca : cli->dir;
    snprintf(path, sizeof path, "%s/ca/cert.pem", dir);
    if (access(path, F_OK) != 0 && errno == ENOENT && !request->ca)
        return true; /* not the CA's machine */
    if (!resolve(dir, site->ca, err))
        return false;
    options.dir = site->ca;
    bool ok = cg_ca_open(&ca, &options, CG_CA_READ, err) == CG_CA_OK && name_user(site, request->user, err) &&
              read_key(site, &ca, err) && cg_target_visit(&ca, find_hook, site, NULL, err);
    cg_ca_close(&ca);
    site->has_ca = ok;
    return ok;
}

static bool resolve_passphrase(struct cg_units_site *site, const char *file, struct cg_error *err)
{
    char path[PATH_MAX];
    if (!file)
        return true;
    if (!resolve(file, path, err))
        return false;
    snprintf(site->passphrase, sizeof site->passphrase, " --passphrase-file %s", path);
    return true;
}

/* --- requests for renewal over MQTT --- */

/* The plugin creates the spool, so it may be missing. */
static bool resolve_spool(struct cg_units_site *site, const char *spool, struct cg_error *err)
{
    if (!realpath(spool, site->spool))
        snprintf(site->spool, sizeof site->spool, "%s", spool);
    snprintf(site->requests, sizeof site->requests, " --spool %s", site->spool);
    return cg_unit_path_fits(site->spool, err);
}

static bool resolve_broker(struct cg_units_site *site, const struct cg_units_request *request, struct cg_error *err)
{
    const int n = snprintf(site->requests, sizeof site->requests, " --broker %s --as %s", request->broker, request->as);
    if (n >= (int)sizeof site->requests || strspn(site->requests, PLAIN "[]@+ ") != (size_t)n)
        return cg_fail_text(err, "--broker %s --as %s: expected only letters, digits and . : _ + @ - for a unit file",
                            request->broker, request->as);
    return true;
}

static bool resolve_requests(struct cg_units_site *site, const struct cg_units_request *request, struct cg_error *err)
{
    if (!request->spool && !request->broker)
        return true;
    if (!site->has_ca)
        return cg_fail_text(err, "requests are signed on the machine of the CA, and there is no CA here; use --ca DIR, "
                                 "or leave out --spool and --broker");
    return request->spool ? resolve_spool(site, request->spool, err) : resolve_broker(site, request, err);
}

/* --- the broker --- */

static bool is_any(const char *address)
{
    const struct addrinfo fixes = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(address, NULL, &fixes, &found) != 0)
        return false;
    const void *at = found->ai_addr;
    bool any = found->ai_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)at)->sin6_addr)
                                            : ((const struct sockaddr_in *)at)->sin_addr.s_addr == htonl(INADDR_ANY);
    freeaddrinfo(found);
    return any;
}

/* The host by which this machine reaches the listener: its own address, or "localhost" if it listens on all, which needs
 * no resolver (see tls_probe.c). NULL: unknown, as with the changing address of a network interface. */
static const char *host_of(const struct cg_conf *conf, unsigned listener)
{
    const char *address = cg_conf_address(conf, listener);
    const struct cg_conf_line *interface = cg_conf_find(conf, listener, "bind_interface");
    if (address && !is_any(address))
        return address;
    return interface && strcmp(interface->value, "lo") != 0 ? NULL : "localhost";
}

/* The first TLS listener that can be reached. */
static void find_listener(struct cg_units_site *site, const struct cg_conf *conf)
{
    for (unsigned i = 0; i <= conf->listeners; i++) {
        uint16_t port = cg_conf_port(conf, i);
        const char *host = port && cg_conf_is_tls(conf, i) ? host_of(conf, i) : NULL;
        if (!host || host[strspn(host, PLAIN)] != '\0')
            continue;
        bool colons = strchr(host, ':');
        snprintf(site->connect, sizeof site->connect, " --connect %s%s%s:%u", colons ? "[" : "", host,
                 colons ? "]" : "", (unsigned)port);
        return;
    }
}

static bool find_log(struct cg_units_site *site, const struct cg_conf *conf, struct cg_error *err)
{
    unsigned plugin = cg_conf_certguard(conf);
    const struct cg_conf_line *option = cg_conf_plugin_option(conf, plugin, "event_log");
    const struct cg_conf_line *named = cg_conf_plugin_option(conf, plugin, "policy");
    struct cg_policy *policy = plugin && named ? cg_policy_load(named->value, err) : NULL;
    if (plugin && named && !policy)
        return false;
    const char *log = option ? option->value : policy ? policy->log.file : NULL;
    bool ok = true;
    if (log && strcmp(log, "-") != 0) {
        ok = cg_unit_path_fits(log, err);
        snprintf(site->log, sizeof site->log, "%s", log);
        site->has_log = ok;
    }
    cg_policy_free(policy);
    return ok;
}

static void name_log_user(struct cg_units_site *site, const struct cg_conf *conf)
{
    const char *user = cg_conf_user(conf);
    const struct passwd *entry = getpwnam(user);
    const struct group *group = entry ? getgrgid(entry->pw_gid) : NULL;
    snprintf(site->log_user, sizeof site->log_user, "%s", user);
    snprintf(site->log_group, sizeof site->log_group, "%s", group ? group->gr_name : user);
}

static bool read_config(struct cg_units_site *site, const char *config, struct cg_error *err)
{
    struct cg_conf conf = {0};
    if (!config && access(DEFAULT_CONFIG, F_OK) != 0)
        return true; /* not the broker's machine */
    if (!resolve(config ? config : DEFAULT_CONFIG, site->config, err))
        return false;
    bool ok = cg_conf_load(&conf, site->config, err) && find_log(site, &conf, err);
    if (ok) {
        find_listener(site, &conf);
        name_log_user(site, &conf);
    }
    cg_conf_clear(&conf);
    site->has_config = ok;
    return ok;
}

/* --- the clock --- */

/* Units may wait for time-sync.target only if a service delays it until the clock is set. */
static void read_clock(struct cg_units_site *site, const char *units)
{
    static const struct {
        const char *link; /* made by "systemctl enable" */
        bool has_end;
    } rows[] = {{"sysinit.target.wants/systemd-time-wait-sync.service", false},
                {"multi-user.target.wants/chrony-wait.service", true}};
    char path[PATH_MAX];
    struct stat st;
    for (size_t i = 0; i < CG_COUNT(rows); i++) {
        snprintf(path, sizeof path, "%s/%s", units, rows[i].link);
        bool enabled = lstat(path, &st) == 0;
        site->waits_for_clock = site->waits_for_clock || enabled;
        site->waits_forever = site->waits_forever || (enabled && !rows[i].has_end);
    }
}

/* --- together --- */

static void list_values(struct cg_units_site *site)
{
    const struct cg_unit_value values[] = {
        {"CERTGUARD", site->certguard},
        {"CA", site->ca},
        {"USER", site->user},
        {"PASSPHRASE", site->passphrase},
        /* to set the owner of the broker's copies */
        {"CAPABILITIES", strcmp(site->user, "root") == 0 ? "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER" : ""},
        {"NO_TOKEN", site->is_token ? "no" : "yes"},
        /* hooks copy files to other machines */
        {"NETWORK", site->has_hook ? NETWORK : ""},
        {"REQUESTS_NETWORK", site->has_hook || (site->requests[0] && !site->spool[0]) ? NETWORK : ""},
        {"REQUESTS", site->requests},
        {"SPOOL", site->spool},
        {"AFTER_CLOCK", site->waits_for_clock ? "\nAfter=time-sync.target" : ""},
        {"CONFIG", site->config},
        {"CONNECT", site->connect},
        {"LOG", site->log},
        {"LOG_USER", site->log_user},
        {"LOG_GROUP", site->log_group},
    };
    _Static_assert(CG_COUNT(values) == CG_UNIT_VALUES, "all values are set");
    memcpy(site->values, values, sizeof values);
}

bool cg_units_site(struct cg_units_site *site, const struct cg_cli *cli, const struct cg_units_request *request,
                   struct cg_error *err)
{
    *site = (struct cg_units_site){0};
    if (!resolve("/proc/self/exe", site->certguard, err) || !read_ca(site, cli, request, err) ||
        !resolve_passphrase(site, request->passphrase_file, err) || !resolve_requests(site, request, err) ||
        !read_config(site, request->config, err))
        return false;
    if (!site->has_ca && !site->has_config)
        return cg_fail_text(err, "there is neither a CA in %s nor %s; use --ca DIR or --config FILE", cli->dir,
                            DEFAULT_CONFIG);
    read_clock(site, request->units);
    list_values(site);
    return true;
}
