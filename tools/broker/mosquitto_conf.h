/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* mosquitto.conf as the broker reads it: lines in order with file and number, and the listener, bridge and plugin that
 * each belongs to. include_dir is followed from the main file only, as the broker does.
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
    char *key, *value; /* value "" where nothing follows the key */
    const char *file;  /* kept by the struct cg_conf */
    unsigned line;     /* from 1 */
    bool has_tab;      /* before or behind the key, where the broker wants a blank */
    /* The section that the line stands in: 0 is before the first "listener", "connection" or "plugin" line. */
    unsigned listener, bridge, plugin;
};

struct cg_conf {
    struct cg_conf_line *item;
    size_t count;
    char **files;
    size_t nfiles;
    unsigned listeners, bridges, plugins; /* how many such lines there are */
    bool per_listener;                    /* per_listener_settings true */
};

bool cg_conf_load(struct cg_conf *conf, const char *file, struct cg_error *err);

/* One file's text; include_dir is kept as a line and not followed. For tests. */
bool cg_conf_parse(struct cg_conf *conf, const char *name, const char *text, size_t len, struct cg_error *err);
void cg_conf_clear(struct cg_conf *conf);

/* The last line with this key that holds for a listener. Settings that the broker keeps once for all listeners unless
 * per_listener_settings is set (allow_anonymous, password_file, plugin, ...) are found wherever they stand. NULL: none. */
const struct cg_conf_line *cg_conf_find(const struct cg_conf *conf, unsigned listener, const char *key);
const struct cg_conf_line *cg_conf_find_bridge(const struct cg_conf *conf, unsigned bridge, const char *key);

/* The n-th (from 1) "listener", "connection" or "plugin" line, by the section's number. */
const struct cg_conf_line *cg_conf_listener(const struct cg_conf *conf, unsigned listener);
const struct cg_conf_line *cg_conf_bridge(const struct cg_conf *conf, unsigned bridge);
const struct cg_conf_line *cg_conf_plugin(const struct cg_conf *conf, unsigned plugin);

/* The value of plugin_opt_NAME of a plugin. */
const struct cg_conf_line *cg_conf_plugin_option(const struct cg_conf *conf, unsigned plugin, const char *name);

/* The section of certguard's plugin, 0: none; a 2.1 broker may name it by plugin_load. And is this one it? */
unsigned cg_conf_certguard(const struct cg_conf *conf);
bool cg_conf_is_certguard(const struct cg_conf *conf, unsigned plugin);
const char *cg_conf_plugin_file(const struct cg_conf *conf, unsigned plugin); /* "" where the line names none */

/* The user that the broker becomes when root starts it. */
const char *cg_conf_user(const struct cg_conf *conf);

/* Does the listener speak MQTT, over websockets too? The other kind is the web interface of Mosquitto 2.1 (http_api). */
bool cg_conf_is_mqtt(const struct cg_conf *conf, unsigned listener);

/* Does it speak MQTT over TLS with a certificate? */
bool cg_conf_is_tls(const struct cg_conf *conf, unsigned listener);

/* The first line before the first "listener" line by which a broker of some version of Mosquitto opens the default
 * listener, port 1883 on every address unless "port" and "bind_address" say otherwise; NULL: none. */
const struct cg_conf_line *cg_conf_opens_default(const struct cg_conf *conf);

/* Does the default listener exist, and on which port does a listener listen? 0: a Unix socket or no number. */
bool cg_conf_has_default_listener(const struct cg_conf *conf);
uint16_t cg_conf_port(const struct cg_conf *conf, unsigned listener);

/* The address that it is bound to, a path for a Unix socket; NULL: every address. Borrowed. */
const char *cg_conf_address(const struct cg_conf *conf, unsigned listener);

/* true and 1 are true, whatever stands behind a blank; NULL and everything else is false. */
bool cg_conf_true(const struct cg_conf_line *line);

#endif
