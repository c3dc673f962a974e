/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* mosquitto.conf as the broker reads it: lines in order with file and number, and the listener, bridge and plugin of each.
 * include_dir is only followed from the main file, as in the broker.
 * The caller owns the struct cg_conf and frees it. Called by doctor. */
#ifndef CG_MOSQUITTO_CONF_H
#define CG_MOSQUITTO_CONF_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_CONF_LINES_MAX 20000
#define CG_CONF_FILES_MAX 1000
#define CG_CONF_FILE_MAX  ((size_t)1 << 20)

struct cg_conf_line {
    char *key, *value; /* value "" if nothing follows the key */
    const char *file;  /* owned by the struct cg_conf */
    unsigned line;     /* from 1 */
    bool has_tab;      /* before or after the key, where the broker expects a blank */
    /* The sections of the line: 0 is before the first "listener", "connection" or "plugin" line. "plugin_use" continues the
     * section of the plugin that it names. */
    unsigned listener, bridge, plugin;
};

struct cg_conf {
    struct cg_conf_line *item;
    size_t count;
    char **files;
    size_t nfiles;
    unsigned listeners, bridges, plugins; /* the number of such lines */
    unsigned plugin;                      /* the section of the next line, while lines are added */
    bool per_listener;                    /* per_listener_settings true */
};

bool cg_conf_load(struct cg_conf *conf, const char *file, struct cg_error *err);

/* One file's text, without following include_dir. For tests. */
bool cg_conf_parse(struct cg_conf *conf, const char *name, const char *text, size_t len, struct cg_error *err);
void cg_conf_clear(struct cg_conf *conf);

/* The last line with this key that applies to a listener. Settings for the whole broker unless per_listener_settings is set
 * (allow_anonymous, password_file, plugin, ...) are found in any section. NULL: none. */
const struct cg_conf_line *cg_conf_find(const struct cg_conf *conf, unsigned listener, const char *key);
const struct cg_conf_line *cg_conf_find_bridge(const struct cg_conf *conf, unsigned bridge, const char *key);

/* The n-th (from 1) "listener", "connection" or "plugin" line, by the section's number. */
const struct cg_conf_line *cg_conf_listener(const struct cg_conf *conf, unsigned listener);
const struct cg_conf_line *cg_conf_bridge(const struct cg_conf *conf, unsigned bridge);
const struct cg_conf_line *cg_conf_plugin(const struct cg_conf *conf, unsigned plugin);

/* The value of plugin_opt_NAME of a plugin. */
const struct cg_conf_line *cg_conf_plugin_option(const struct cg_conf *conf, unsigned plugin, const char *name);

/* The section of certguard's plugin, 0: none; Mosquitto 2.1 may load it with plugin_load. */
unsigned cg_conf_certguard(const struct cg_conf *conf);
bool cg_conf_is_certguard(const struct cg_conf *conf, unsigned plugin);
const char *cg_conf_plugin_file(const struct cg_conf *conf, unsigned plugin); /* "": the line has no file */

/* Does the plugin's file have this name? These come with Mosquitto, the first two from 2.1. */
#define CG_CONF_ACL_PLUGIN      "mosquitto_acl_file"
#define CG_CONF_PASSWORD_PLUGIN "mosquitto_password_file"
#define CG_CONF_DYNSEC_PLUGIN   "mosquitto_dynamic_security"
bool cg_conf_plugin_is(const struct cg_conf *conf, unsigned plugin, const char *name);

/* Does the plugin apply to all listeners, or to this one? A "plugin_load" line applies where "plugin_use" names it. */
bool cg_conf_plugin_is_global(const struct cg_conf *conf, unsigned plugin);
bool cg_conf_plugin_applies(const struct cg_conf *conf, unsigned plugin, unsigned listener);

/* The user of a broker that root starts. */
const char *cg_conf_user(const struct cg_conf *conf);

/* True for MQTT, also over websockets; false for the web interface of Mosquitto 2.1 (http_api). */
bool cg_conf_is_mqtt(const struct cg_conf *conf, unsigned listener);

/* True for MQTT over TLS with a certificate. */
bool cg_conf_is_tls(const struct cg_conf *conf, unsigned listener);

/* The first line before the first "listener" line that makes some version of Mosquitto open the default listener, port 1883 on
 * every address unless "port" and "bind_address" are set; NULL: none. */
const struct cg_conf_line *cg_conf_opens_default(const struct cg_conf *conf);

/* Whether the default listener exists, and the port of a listener; 0: a Unix socket, or not a number. */
bool cg_conf_has_default_listener(const struct cg_conf *conf);
uint16_t cg_conf_port(const struct cg_conf *conf, unsigned listener);

/* The address or Unix socket of a listener; NULL: every address. Borrowed. */
const char *cg_conf_address(const struct cg_conf *conf, unsigned listener);

/* "true" and "1" are true, also with text after a blank; NULL and everything else is false. */
bool cg_conf_true(const struct cg_conf_line *line);

#endif
