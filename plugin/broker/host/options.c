/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "options.h"

#include "mosquitto_headers.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct option_row {
    const char *key;
    size_t offset; /* of the char * in struct cg_options */
};

static const struct option_row rows[] = {
    {"policy", offsetof(struct cg_options, policy)},
    {"trust_anchors", offsetof(struct cg_options, anchors)},
    {"event_log", offsetof(struct cg_options, event_log)},
};
#define NROWS (sizeof rows / sizeof *rows)

static char **member(struct cg_options *options, size_t row)
{
    return (char **)(void *)((char *)options + rows[row].offset);
}

static const char *value(const struct cg_options *options, size_t row)
{
    return *(char *const *)(const void *)((const char *)options + rows[row].offset);
}

static bool read_option(const struct mosquitto_opt *option, struct cg_options *out, struct cg_error *err)
{
    for (size_t i = 0; i < NROWS; i++) {
        if (strcmp(option->key, rows[i].key) != 0)
            continue;
        if (!option->value || !*option->value) {
            cg_error_set(err, "plugin_opt_%s: expected a file name, found nothing", option->key);
            return false;
        }
        if (*member(out, i)) {
            cg_error_set(err, "plugin_opt_%s: expected once, found twice ('%s' and '%s'); keep one of the lines",
                         option->key, *member(out, i), option->value);
            return false;
        }
        *member(out, i) = strdup(option->value);
        if (!*member(out, i))
            cg_error_set(err, "plugin_opt_%s: out of memory", option->key);
        return *member(out, i) != NULL;
    }
    cg_error_set(err,
                 "plugin_opt_%s: unknown option; expected plugin_opt_policy, plugin_opt_trust_anchors or "
                 "plugin_opt_event_log; correct or remove the line in mosquitto.conf",
                 option->key);
    return false;
}

bool cg_options_read(const struct mosquitto_opt *given, int count, struct cg_options *out, struct cg_error *err)
{
    *out = (struct cg_options){NULL, NULL, NULL};
    for (int i = 0; i < count; i++)
        if (!read_option(&given[i], out, err))
            goto out;
    if (out->policy && out->anchors)
        cg_error_set(err, "expected plugin_opt_policy or plugin_opt_trust_anchors, found both; name the anchors in the "
                          "policy (\"trust\": {\"anchors\": [...]}) and remove plugin_opt_trust_anchors");
    else if (!out->policy && !out->anchors)
        cg_error_set(err, "expected plugin_opt_policy or plugin_opt_trust_anchors below the plugin line of "
                          "mosquitto.conf, found neither; for the strict default add: plugin_opt_trust_anchors "
                          "/etc/mosquitto/ca.pem");
    else
        return true;
out:
    cg_options_clear(out);
    return false;
}

bool cg_options_equal(const struct cg_options *a, const struct cg_options *b)
{
    for (size_t i = 0; i < NROWS; i++) {
        const char *one = value(a, i), *other = value(b, i);
        if (!one != !other || (one && strcmp(one, other) != 0))
            return false;
    }
    return true;
}

void cg_options_clear(struct cg_options *options)
{
    for (size_t i = 0; i < NROWS; i++)
        free(*member(options, i));
    *options = (struct cg_options){NULL, NULL, NULL};
}
