/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* mosquitto.conf: any bytes give lines or an error with a text. Every line is in a section that exists, and every look-up finds
 * a line of the right section. */
#include "broker/mosquitto_conf.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void look_up(const struct cg_conf *conf)
{
    for (unsigned i = 1; i <= conf->listeners; i++) {
        const struct cg_conf_line *line = cg_conf_listener(conf, i);
        if (!line || line->listener != i || strcmp(line->key, "listener") != 0)
            abort();
        cg_conf_port(conf, i);
        const char *address = cg_conf_address(conf, i);
        if (address && (address[0] == ' ' || address[0] == '\t'))
            abort();
        cg_conf_is_tls(conf, i);
    }
    for (unsigned i = 1; i <= conf->plugins; i++) { /* the file is part of its line */
        if (!cg_conf_plugin(conf, i) || !strstr(cg_conf_plugin(conf, i)->value, cg_conf_plugin_file(conf, i)))
            abort();
        if (cg_conf_plugin_is_global(conf, i) && !cg_conf_plugin_applies(conf, i, conf->listeners))
            abort();
    }
    unsigned guard = cg_conf_certguard(conf);
    if (guard > conf->plugins || (guard && !cg_conf_is_certguard(conf, guard)) || !cg_conf_user(conf))
        abort();
    for (unsigned i = 1; i <= conf->bridges; i++)
        if (!cg_conf_bridge(conf, i))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cg_conf conf;
    struct cg_error err = {""};
    if (size > 4096) /* look_up is quadratic */
        return 0;
    bool ok = cg_conf_parse(&conf, "fuzz.conf", (const char *)data, size, &err);
    if (ok == (err.text[0] != '\0'))
        abort();
    for (size_t i = 0; i < conf.count; i++) {
        const struct cg_conf_line *line = &conf.item[i];
        if (ok && (!line->key[0] || !line->value || !line->line || line->listener > conf.listeners ||
                   line->bridge > conf.bridges || line->plugin > conf.plugins))
            abort();
    }
    if (ok)
        look_up(&conf);
    cg_conf_clear(&conf);
    return 0;
}
