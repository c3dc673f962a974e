/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "mosquitto_conf.h"

#include "base/array.h"
#include "base/failure.h"
#include "core/file/file.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_one_of(const char *key, const char *const *keys)
{
    for (; *keys; keys++)
        if (strcmp(key, *keys) == 0)
            return true;
    return false;
}

static bool is_plugin_line(const char *key)
{
    static const char *const keys[] = {"plugin", "global_plugin", "auth_plugin", "plugin_load", NULL};
    return is_one_of(key, keys);
}

static const char *keep_file(struct cg_conf *conf, const char *name, struct cg_error *err)
{
    if (conf->nfiles >= CG_CONF_FILES_MAX) {
        cg_error_set(err, "cannot read %s: more than %d configuration files", name, CG_CONF_FILES_MAX);
        return NULL;
    }
    char **files = cg_array_grow(conf->files, conf->nfiles, sizeof *files);
    if (files)
        conf->files = files;
    if (files && (files[conf->nfiles] = strdup(name)))
        return files[conf->nfiles++];
    cg_fail_memory(err);
    return NULL;
}

static struct cg_conf_line *new_line(struct cg_conf *conf, const char *file, unsigned number, struct cg_error *err)
{
    struct cg_conf_line *item = NULL;
    if (conf->count >= CG_CONF_LINES_MAX) {
        cg_error_set(err, "%s:%u: more than %d settings in all files", file, number, CG_CONF_LINES_MAX);
        return NULL;
    }
    if (!(item = cg_array_grow(conf->item, conf->count, sizeof *item))) {
        cg_fail_memory(err);
        return NULL;
    }
    conf->item = item;
    item[conf->count] = (struct cg_conf_line){.file = file, .line = number};
    return &item[conf->count++];
}

/* Is the line "plugin_load NAME FILE" with this name? */
static bool is_load_of(const struct cg_conf_line *line, const char *name)
{
    size_t len = strcspn(line->value, " \t");
    return strcmp(line->key, "plugin_load") == 0 && strlen(name) == len && strncmp(line->value, name, len) == 0;
}

/* As in the broker, the plugin_opt lines below "plugin_use NAME" belong to that plugin. It does not start with an unknown
 * name. */
static void use_plugin(struct cg_conf *conf, const char *name)
{
    conf->plugin = 0;
    for (size_t i = 0; i < conf->count; i++)
        if (is_load_of(&conf->item[i], name))
            conf->plugin = conf->item[i].plugin;
}

/* Sets the sections of the line, which may begin one. */
static void place(struct cg_conf *conf, struct cg_conf_line *line)
{
    if (strcmp(line->key, "listener") == 0)
        conf->listeners++;
    else if (strcmp(line->key, "connection") == 0)
        conf->bridges++;
    else if (is_plugin_line(line->key))
        conf->plugin = ++conf->plugins;
    else if (strcmp(line->key, "plugin_use") == 0)
        use_plugin(conf, line->value);
    else if (strcmp(line->key, "per_listener_settings") == 0)
        conf->per_listener = conf->per_listener || cg_conf_true(line); /* the broker does not unset it either */
    line->listener = conf->listeners;
    line->bridge = conf->bridges;
    line->plugin = conf->plugin;
}

static struct cg_conf_line *add_line(struct cg_conf *conf, const char *file, unsigned number, const char *text,
                                     size_t len, bool has_tab, struct cg_error *err)
{
    size_t key = 0, value = 0;
    while (key < len && text[key] != ' ' && text[key] != '\t')
        key++;
    for (value = key; value < len && is_blank(text[value]);)
        value++;
    struct cg_conf_line *line = new_line(conf, file, number, err);
    if (!line)
        return NULL;
    line->has_tab = has_tab || (key < len && text[key] == '\t');
    line->key = strndup(text, key);
    line->value = strndup(text + value, len - value);
    if (!line->key || !line->value) {
        cg_fail_memory(err);
        return NULL;
    }
    place(conf, line);
    return line;
}

static bool include(struct cg_conf *conf, const char *folder, struct cg_error *err);

static bool add_text(struct cg_conf *conf, const char *file, const char *text, size_t len, bool follow,
                     struct cg_error *err)
{
    unsigned number = 0;
    for (size_t at = 0; at < len; at++) {
        size_t start = at, end = 0;
        while (at < len && text[at] != '\n')
            at++;
        end = at;
        number++;
        bool has_tab = false;
        for (; start < end && is_blank(text[start]); start++)
            has_tab = has_tab || text[start] == '\t';
        while (end > start && is_blank(text[end - 1]))
            end--;
        if (start == end || text[start] == '#')
            continue;
        if (memchr(text + start, '\0', end - start))
            return cg_fail_text(err, "%s:%u: expected text, found a NUL byte", file, number);
        const struct cg_conf_line *line = add_line(conf, file, number, text + start, end - start, has_tab, err);
        if (!line)
            return false;
        if (follow && strcmp(line->key, "include_dir") == 0 && !include(conf, line->value, err)) {
            cg_error_prefix(err, "%s:%u", file, number);
            return false;
        }
    }
    return true;
}

static bool load(struct cg_conf *conf, const char *path, bool follow, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    const char *file = keep_file(conf, path, err);
    bool ok = file && cg_file_read(path, CG_FILE_PUBLIC, CG_CONF_FILE_MAX, &bytes, err) &&
              add_text(conf, file, (const char *)bytes.data, bytes.len, follow, err);
    cg_bytes_free(&bytes);
    return ok;
}

static bool load_file(void *conf, const char *path, struct cg_error *err)
{
    return load(conf, path, false, err);
}

static bool include(struct cg_conf *conf, const char *folder, struct cg_error *err)
{
    static const char *const suffixes[] = {".conf", NULL};
    return cg_folder_visit(folder, suffixes, load_file, conf, err);
}

bool cg_conf_load(struct cg_conf *conf, const char *file, struct cg_error *err)
{
    *conf = (struct cg_conf){0};
    return load(conf, file, true, err);
}

bool cg_conf_parse(struct cg_conf *conf, const char *name, const char *text, size_t len, struct cg_error *err)
{
    *conf = (struct cg_conf){0};
    const char *file = keep_file(conf, name, err);
    return file && add_text(conf, file, text, len, false, err);
}

void cg_conf_clear(struct cg_conf *conf)
{
    for (size_t i = 0; i < conf->count; i++) {
        free(conf->item[i].key);
        free(conf->item[i].value);
    }
    for (size_t i = 0; i < conf->nfiles; i++)
        free(conf->files[i]);
    free(conf->item);
    free(conf->files);
    *conf = (struct cg_conf){0};
}

/* Set once for the whole broker, unless per_listener_settings is set. */
static bool is_security_setting(const char *key)
{
    static const char *const keys[] = {"allow_anonymous", "password_file", "acl_file",      "psk_file",
                                       "plugin",          "auth_plugin",   "global_plugin", NULL};
    return is_one_of(key, keys);
}

#define ANY UINT32_MAX /* section */

static const struct cg_conf_line *find_last(const struct cg_conf *conf, const char *key, unsigned listener,
                                            unsigned bridge)
{
    const struct cg_conf_line *found = NULL;
    for (const struct cg_conf_line *l = conf->item; l < conf->item + conf->count; l++)
        if ((listener == ANY || l->listener == listener) && (bridge == ANY || l->bridge == bridge) &&
            strcmp(l->key, key) == 0)
            found = l;
    return found;
}

const struct cg_conf_line *cg_conf_find(const struct cg_conf *conf, unsigned listener, const char *key)
{
    return find_last(conf, key, is_security_setting(key) && !conf->per_listener ? ANY : listener, ANY);
}

const struct cg_conf_line *cg_conf_find_bridge(const struct cg_conf *conf, unsigned bridge, const char *key)
{
    return find_last(conf, key, ANY, bridge);
}

const struct cg_conf_line *cg_conf_listener(const struct cg_conf *conf, unsigned listener)
{
    return listener ? cg_conf_find(conf, listener, "listener") : NULL;
}

const struct cg_conf_line *cg_conf_bridge(const struct cg_conf *conf, unsigned bridge)
{
    return bridge ? cg_conf_find_bridge(conf, bridge, "connection") : NULL;
}

const struct cg_conf_line *cg_conf_plugin(const struct cg_conf *conf, unsigned plugin)
{
    for (size_t i = 0; plugin && i < conf->count; i++)
        if (conf->item[i].plugin == plugin && is_plugin_line(conf->item[i].key))
            return &conf->item[i];
    return NULL;
}

const struct cg_conf_line *cg_conf_plugin_option(const struct cg_conf *conf, unsigned plugin, const char *name)
{
    static const char *const prefixes[] = {"plugin_opt_", "auth_opt_"};
    for (size_t i = 0; i < conf->count; i++)
        for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes; p++) {
            const struct cg_conf_line *line = &conf->item[i];
            size_t n = strlen(prefixes[p]);
            if (line->plugin == plugin && strncmp(line->key, prefixes[p], n) == 0 && strcmp(line->key + n, name) == 0)
                return line;
        }
    return NULL;
}

/* "plugin_load NAME FILE", else "plugin FILE". */
const char *cg_conf_plugin_file(const struct cg_conf *conf, unsigned plugin)
{
    const struct cg_conf_line *line = cg_conf_plugin(conf, plugin);
    const char *file = line ? line->value : "";
    if (line && strcmp(line->key, "plugin_load") == 0) {
        file += strcspn(file, " \t");
        file += strspn(file, " \t");
    }
    return file;
}

bool cg_conf_plugin_is(const struct cg_conf *conf, unsigned plugin, const char *name)
{
    return strstr(cg_conf_plugin_file(conf, plugin), name) != NULL;
}

bool cg_conf_plugin_is_global(const struct cg_conf *conf, unsigned plugin)
{
    const struct cg_conf_line *line = cg_conf_plugin(conf, plugin);
    return line && strcmp(line->key, "plugin_load") != 0 &&
           (!conf->per_listener || strcmp(line->key, "global_plugin") == 0);
}

bool cg_conf_plugin_applies(const struct cg_conf *conf, unsigned plugin, unsigned listener)
{
    const struct cg_conf_line *line = cg_conf_plugin(conf, plugin);
    if (!line || cg_conf_plugin_is_global(conf, plugin))
        return line != NULL;
    const char *applies = strcmp(line->key, "plugin_load") == 0 ? "plugin_use" : line->key;
    for (size_t i = 0; i < conf->count; i++)
        if (conf->item[i].plugin == plugin && conf->item[i].listener == listener &&
            strcmp(conf->item[i].key, applies) == 0)
            return true;
    return false;
}

bool cg_conf_is_certguard(const struct cg_conf *conf, unsigned plugin)
{
    return cg_conf_plugin_is(conf, plugin, "mosquitto_certguard");
}

unsigned cg_conf_certguard(const struct cg_conf *conf)
{
    for (unsigned i = 1; i <= conf->plugins; i++)
        if (cg_conf_is_certguard(conf, i))
            return i;
    return 0;
}

const char *cg_conf_user(const struct cg_conf *conf)
{
    const struct cg_conf_line *line = find_last(conf, "user", ANY, ANY);
    return line ? line->value : "mosquitto";
}

bool cg_conf_is_mqtt(const struct cg_conf *conf, unsigned listener)
{
    const struct cg_conf_line *protocol = cg_conf_find(conf, listener, "protocol");
    return !protocol || strcmp(protocol->value, "http_api") != 0;
}

bool cg_conf_is_tls(const struct cg_conf *conf, unsigned listener)
{
    return cg_conf_is_mqtt(conf, listener) && cg_conf_find(conf, listener, "certfile");
}

const struct cg_conf_line *cg_conf_opens_default(const struct cg_conf *conf)
{
    static const char *const keys[] = {"port",
                                       "bind_address",
                                       "bind_interface",
                                       "cafile",
                                       "capath",
                                       "certfile",
                                       "ciphers",
                                       "ciphers_tls1.3",
                                       "crlfile",
                                       "dhparamfile",
                                       "http_dir",
                                       "keyfile",
                                       "max_connections",
                                       "max_qos",
                                       "max_topic_alias",
                                       "max_topic_alias_broker",
                                       "mount_point",
                                       "protocol",
                                       "psk_hint",
                                       "require_certificate",
                                       "socket_domain",
                                       "tls_engine",
                                       "tls_engine_kpass_sha1",
                                       "tls_keyform",
                                       "tls_version",
                                       "use_identity_as_username",
                                       "use_subject_as_username",
                                       "use_username_as_clientid",
                                       NULL};
    static const char *const of_each[] = {"allow_zero_length_clientid", "password_file", "psk_file", NULL};
    for (size_t i = 0; i < conf->count && !conf->item[i].listener; i++)
        if (is_one_of(conf->item[i].key, keys) || (conf->per_listener && is_one_of(conf->item[i].key, of_each)))
            return &conf->item[i];
    return NULL;
}

bool cg_conf_has_default_listener(const struct cg_conf *conf)
{
    return !conf->listeners || cg_conf_opens_default(conf);
}

uint16_t cg_conf_port(const struct cg_conf *conf, unsigned listener)
{
    const struct cg_conf_line *line = listener ? cg_conf_listener(conf, listener) : cg_conf_find(conf, 0, "port");
    if (!line)
        return listener ? 0 : 1883;
    char *end = NULL;
    unsigned long port = strtoul(line->value, &end, 10);
    return end != line->value && (!*end || is_blank(*end)) && port <= UINT16_MAX ? (uint16_t)port : 0;
}

const char *cg_conf_address(const struct cg_conf *conf, unsigned listener)
{
    const struct cg_conf_line *line = cg_conf_listener(conf, listener);
    const struct cg_conf_line *bind = cg_conf_find(conf, listener, "bind_address");
    const char *address = line ? strpbrk(line->value, " \t") : NULL;
    if (!address)
        return bind ? bind->value : NULL;
    return address + strspn(address, " \t");
}

bool cg_conf_true(const struct cg_conf_line *line)
{
    size_t len = line ? strcspn(line->value, " ") : 0;
    return (len == 4 && strncmp(line->value, "true", 4) == 0) || (len == 1 && *line->value == '1');
}
