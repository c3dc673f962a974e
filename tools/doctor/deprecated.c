/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The rule on lines that Mosquitto 2.1 accepts and 3.0 is announced to remove, and the lines that replace them in 2.1.
 * Source: the changelog of Mosquitto 2.1.0, and the broker's own messages about deprecated options. */
#include "rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINES_MAX 700 /* truncated lines must not be shown */

/* Options that a plugin of Mosquitto 2.1 replaces. It has the same code, and an option with the same name. */
static const struct {
    const char *key, *plugin;
} moved[] = {{"acl_file", CG_CONF_ACL_PLUGIN}, {"password_file", CG_CONF_PASSWORD_PLUGIN}};

/* Debian has a folder for Mosquitto's plugins. */
static bool is_in_folder(const char *folder, int len, const char *name, char out[PATH_MAX])
{
    static const char *const below[] = {"", "mosquitto/"};
    for (size_t i = 0; i < CG_COUNT(below); i++)
        if (snprintf(out, PATH_MAX, "%.*s%s%s.so", len, folder, below[i], name) < PATH_MAX &&
            faccessat(AT_FDCWD, out, R_OK, AT_EACCESS) == 0)
            return true;
    return false;
}

/* Finds the plugin beside another one of the configuration, or where Mosquitto is installed without a package system. */
static bool find_plugin(const struct cg_doctor *d, const char *name, char out[PATH_MAX])
{
    static const char *const folders[] = {"/usr/lib/", "/usr/lib64/", "/usr/local/lib/"};
    for (unsigned p = 1; p <= d->conf.plugins; p++) {
        const char *file = cg_conf_plugin_file(&d->conf, p), *slash = strrchr(file, '/');
        if (slash && is_in_folder(file, (int)(slash + 1 - file), name, out))
            return true;
    }
    for (size_t i = 0; i < CG_COUNT(folders); i++)
        if (is_in_folder(folders[i], (int)strlen(folders[i]), name, out))
            return true;
    return false;
}

/* With per_listener_settings, more lines would have to change together. An option that is set again has no effect. */
static void print_replacement(const struct cg_doctor *d, const struct cg_conf_line *line, char out[LINES_MAX])
{
    char plugin[PATH_MAX];
    *out = '\0';
    if (d->conf.per_listener || cg_conf_find(&d->conf, line->listener, line->key) != line)
        return;
    for (size_t i = 0; i < CG_COUNT(moved); i++)
        if (strcmp(line->key, moved[i].key) == 0 && find_plugin(d, moved[i].plugin, plugin) &&
            snprintf(out, LINES_MAX, "; replace with: \"global_plugin %s\" and \"plugin_opt_%s %s\"", plugin, line->key,
                     line->value) >= LINES_MAX)
            *out = '\0';
}

static void deprecated(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const char *const *keys = CG_KEYS("per_listener_settings", "password_file", "acl_file", "auth_plugin", "port",
                                      "bind_address", "auto_id_prefix", "clientid_prefixes",
                                      "allow_duplicate_messages");
    for (size_t i = 0; i < d->conf.count; i++) {
        const struct cg_conf_line *line = &d->conf.item[i];
        char lines[LINES_MAX];
        if (!cg_doctor_is_one_of(line->key, keys))
            continue;
        print_replacement(d, line, lines);
        cg_doctor_report_line_and(d, row, line, lines);
    }
}

static const struct cg_doctor_rule rules[] = {
    {{"deprecated_in_2_1", CG_LINT_NOTICE, "",
      "Mosquitto 2.1 accepts this line, but it is announced to be removed in Mosquitto 3.0.",
      "Nothing has to change with 2.1. To prepare for 3.0, first write the lines after \"replace with:\" in this order "
      "below the lines of all other plugins and restart the broker. Only then remove the old line: at SIGHUP, the "
      "broker drops it at once, but loads no plugin. If the finding shows no lines, see \"Mosquitto 2.1 and later\" in "
      "mosquitto_certguard(8)."},
     .when = cg_doctor_is_2_1,
     .check = deprecated},
};
const struct cg_doctor_rules cg_doctor_deprecated_rules = {rules, CG_COUNT(rules)};
