/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on access to the topic of renewal over MQTT, by acl_file and by the dynamic-security plugin. */
#include "base/json.h"
#include "broker/acl_file.h"
#include "core/file/file.h"
#include "core/renewal/question.h"
#include "rules.h"

#include <stdio.h>
#include <string.h>

#define FILE_LIMIT ((size_t)64 << 20)
#define OWN_TOPICS "$CONTROL/certguard/" /* roles that allow more, such as $CONTROL/#, are for administrators */

/* --- acl_file --- */

static bool is_list_of(const struct cg_doctor *d, const struct cg_conf_line *line, unsigned listener)
{
    if (strcmp(line->key, "plugin_opt_acl_file") == 0)
        return cg_conf_plugin_is(&d->conf, line->plugin, CG_CONF_ACL_PLUGIN) &&
               cg_conf_plugin_applies(&d->conf, line->plugin, listener);
    return line == cg_conf_find(&d->conf, listener, "acl_file");
}

/* Do all clients of the listener have a user name? */
static bool is_named(const struct cg_doctor *d, unsigned listener)
{
    return cg_doctor_policy(d, listener)->identity.username != CG_IDENTITY_NONE ||
           cg_conf_true(cg_conf_find(&d->conf, listener, "use_identity_as_username")) ||
           cg_conf_true(cg_conf_find(&d->conf, listener, "use_subject_as_username"));
}

static void report_list(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_conf_line *line, bool named)
{
    struct cg_bytes bytes = {0};
    struct cg_acl_answer answer = {.allowed = true};
    char more[200] = ": no line lets clients write to the topic";
    if (cg_file_read(line->value, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, NULL) &&
        !cg_acl_may_write((char *)bytes.data, CG_RENEW_TOPIC, named, &answer))
        d->memory_short = true;
    if (answer.denied)
        snprintf(more, sizeof more, ": line %u of that file denies the topic", answer.denied);
    if (answer.denied || !answer.allowed)
        cg_doctor_report_line_and(d, row, line, more);
    cg_bytes_free(&bytes);
}

static void acl_lacks_topic(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (size_t i = 0; i < d->conf.count; i++) {
        const struct cg_conf_line *line = &d->conf.item[i];
        bool applies = false, named = true;
        for (unsigned k = 0; k <= d->conf.listeners; k++)
            if (cg_doctor_listener_renews(d, k) && is_list_of(d, line, k)) {
                applies = true;
                named = named && is_named(d, k);
            }
        if (applies)
            report_list(d, row, line, named);
    }
}

/* --- dynamic-security --- */

static bool allows(const cJSON *acl)
{
    const char *topic = cg_member_text(acl, "topic");
    return strcmp(cg_member_text(acl, "acltype"), "publishClientSend") == 0 &&
           cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(acl, "allow")) &&
           strncmp(topic, OWN_TOPICS, strlen(OWN_TOPICS)) == 0 && cg_topic_matches(topic, CG_RENEW_TOPIC);
}

static bool role_allows(const cJSON *role)
{
    const cJSON *acl = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(role, "acls"), 0);
    while (acl && !allows(acl))
        acl = acl->next;
    return acl;
}

static bool some_role_allows(const cJSON *config)
{
    const cJSON *role = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(config, "roles"), 0);
    while (role && !role_allows(role))
        role = role->next;
    return role;
}

/* Clients without a right of a role have the default right. */
static bool default_allows(const cJSON *config)
{
    const cJSON *access = cJSON_GetObjectItemCaseSensitive(config, "defaultACLAccess");
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(access, "publishClientSend"));
}

static bool guards_renewal(const struct cg_doctor *d, unsigned plugin)
{
    if (!cg_conf_plugin_is(&d->conf, plugin, CG_CONF_DYNSEC_PLUGIN))
        return false;
    for (unsigned i = 0; i <= d->conf.listeners; i++)
        if (cg_doctor_listener_renews(d, i) && cg_conf_plugin_applies(&d->conf, plugin, i))
            return true;
    return false;
}

static void role_lacks_topic(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned p = 1; p <= d->conf.plugins; p++) {
        const struct cg_conf_line *line = cg_conf_plugin_option(&d->conf, p, "config_file");
        struct cg_bytes bytes = {0};
        if (!line || !guards_renewal(d, p) || !cg_file_read(line->value, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, NULL))
            continue;
        cJSON *config = cJSON_ParseWithLength((const char *)bytes.data, bytes.len);
        if (config && !default_allows(config) && !some_role_allows(config))
            cg_doctor_report_line(d, row, line);
        cJSON_Delete(config);
        cg_bytes_wipe(&bytes); /* it has hashes of passwords */
    }
}

static const struct cg_doctor_rule rules[] = {
    {{"renewal_acl", CG_LINT_WARNING, "",
      "Clients may not publish to the topic of renewal. The broker drops their requests, and they get no answer.",
      "Add this line at the end of the file, which allows nothing else: pattern write " CG_RENEW_TOPIC
      ". If a line denies the topic, replace it by lines for the topics that it is meant for: what no line allows is "
      "denied anyway. Then reload the broker."},
     .when = cg_doctor_renews,
     .check = acl_lacks_topic},
    {{"renewal_dynsec", CG_LINT_WARNING, "",
      "No role for clients allows the topic of renewal in dynamic-security. The broker drops their requests, and they "
      "get no answer.",
      "For a role that all clients have that renew: mosquitto_ctrl dynsec addRoleACL ROLE publishClientSend "
      "'" CG_RENEW_TOPIC "' allow"},
     .when = cg_doctor_renews,
     .check = role_lacks_topic},
};
const struct cg_doctor_rules cg_doctor_renewal_topic_rules = {rules, CG_COUNT(rules)};
