/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on lines of mosquitto.conf with which no version of Mosquitto from 2.0.11 to 2.1.2 starts. A line that one of
 * these versions accepts is not reported. */
#include "rules.h"

#include <string.h>

/* clang-format off */
/* Settings that at least one of these versions knows. */
static const char *const known[] = {
    "accept_protocol_versions", "acl_file", "address", "addresses", "allow_anonymous", "allow_duplicate_messages",
    "allow_zero_length_clientid", "auth_plugin", "auth_plugin_deny_special_chars", "auto_id_prefix",
    "autosave_interval", "autosave_on_changes", "bind_address", "bind_interface", "bridge_alpn",
    "bridge_attempt_unsubscribe", "bridge_bind_address", "bridge_cafile", "bridge_capath", "bridge_certfile",
    "bridge_ciphers", "bridge_ciphers_tls1.3", "bridge_identity", "bridge_insecure", "bridge_keyfile",
    "bridge_max_packet_size", "bridge_max_topic_alias", "bridge_outgoing_retain", "bridge_protocol_version",
    "bridge_psk", "bridge_receive_maximum", "bridge_reload_type", "bridge_require_ocsp",
    "bridge_session_expiry_interval", "bridge_tcp_keepalive", "bridge_tcp_user_timeout", "bridge_tls_use_os_certs",
    "bridge_tls_version", "cafile", "capath", "certfile", "check_retain_source", "ciphers", "ciphers_tls1.3",
    "cleansession", "clientid", "clientid_prefixes", "connection", "connection_messages", "crlfile", "dhparamfile",
    "disable_client_cert_date_checks", "enable_control_api", "enable_proxy_protocol", "global_max_clients",
    "global_max_connections", "global_plugin", "http_dir", "idle_timeout", "include_dir", "keepalive_interval",
    "keyfile", "listener", "listener_allow_anonymous", "listener_auto_id_prefix", "local_cleansession",
    "local_clientid", "local_password", "local_username", "log_dest", "log_facility", "log_timestamp",
    "log_timestamp_format", "log_type", "max_connections", "max_inflight_bytes", "max_inflight_messages",
    "max_keepalive", "max_packet_size", "max_qos", "max_queued_bytes", "max_queued_messages", "max_topic_alias",
    "max_topic_alias_broker", "maximum_qos", "memory_limit", "message_size_limit", "mount_point",
    "notification_topic", "notifications", "notifications_local_only", "packet_buffer_size", "password",
    "password_file", "per_listener_settings", "persistence", "persistence_file", "persistence_location",
    "persistent_client_expiration", "pid_file", "plugin", "plugin_load", "plugin_use", "port", "protocol",
    "proxy_protocol_v2_require_tls", "psk_file", "psk_hint", "queue_qos0_messages", "remote_clientid",
    "remote_password", "remote_username", "require_certificate", "restart_timeout", "retain_available",
    "retain_expiry_interval", "retained_persistence", "retry_interval", "round_robin", "set_tcp_nodelay",
    "socket_domain", "start_type", "sys_interval", "threshold", "tls_engine", "tls_engine_kpass_sha1", "tls_keyform",
    "tls_version", "topic", "try_private", "upgrade_outgoing_qos", "use_identity_as_username",
    "use_subject_as_username", "use_username_as_clientid", "user", "username", "websockets_headers_size",
    "websockets_log_level", "websockets_origin", NULL};

/* Settings that are a boolean in each of these versions. */
static const char *const booleans[] = {
    "allow_anonymous", "allow_duplicate_messages", "allow_zero_length_clientid", "auth_plugin_deny_special_chars",
    "autosave_on_changes", "bridge_attempt_unsubscribe", "bridge_insecure", "bridge_outgoing_retain",
    "bridge_require_ocsp", "check_retain_source", "cleansession", "connection_messages", "local_cleansession",
    "log_timestamp", "notifications", "notifications_local_only", "per_listener_settings", "persistence",
    "queue_qos0_messages", "require_certificate", "retain_available", "round_robin", "set_tcp_nodelay",
    "try_private", "upgrade_outgoing_qos", "use_identity_as_username", "use_subject_as_username",
    "use_username_as_clientid", NULL};
/* clang-format on */

static bool has_tab(const struct cg_conf_line *line)
{
    return line->has_tab;
}

static bool is_unknown(const struct cg_conf_line *line)
{
    return strncmp(line->key, "plugin_opt_", 11) != 0 && strncmp(line->key, "auth_opt_", 9) != 0 &&
           !cg_doctor_is_one_of(line->key, known);
}

static bool is_no_boolean(const struct cg_conf_line *line)
{
    static const char *const words[] = {"true", "false", "1", "0"};
    size_t len = strcspn(line->value, " ");
    for (size_t i = 0; i < CG_COUNT(words); i++)
        if (strlen(words[i]) == len && strncmp(line->value, words[i], len) == 0)
            return false;
    return true;
}

static const struct cg_doctor_rule rules[] = {
    {{"line_has_tab", CG_LINT_ERROR, "",
      "Mosquitto treats a tab before or after the name of a setting as part of the name. It does not start.",
      "Replace the tab with a space."},
     .line = has_tab},
    {{"setting_unknown", CG_LINT_ERROR, "",
      "No version of Mosquitto from 2.0.11 to 2.1.2 knows this setting. The broker does not start.",
      "Correct the name, or remove the line. mosquitto.conf(5) lists all settings."},
     .line = is_unknown},
    {{"boolean_invalid", CG_LINT_ERROR, "", "The value is neither true nor false. The broker does not start.",
      "Write true or false in lower case."},
     .keys = booleans,
     .line = is_no_boolean},
};
const struct cg_doctor_rules cg_doctor_line_rules = {rules, CG_COUNT(rules)};
