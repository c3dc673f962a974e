/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules for renewal over MQTT: lines of mosquitto.conf that keep requests from the plugin, bridges that carry them, and
 * entries of the policy that a renewal makes useless. */
#include "broker/acl_file.h"
#include "core/renewal/question.h"
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest PUBLISH with a request: header, topic, packet id, and 1 KiB for properties such as the response topic. */
#define PACKET_MAX (CG_RENEW_PAYLOAD_MAX + sizeof CG_RENEW_TOPIC + 1024)

bool cg_doctor_renews(const struct cg_doctor *d)
{
    return d->snapshot && d->snapshot->policy->renewal.spool;
}

bool cg_doctor_listener_renews(const struct cg_doctor *d, unsigned listener)
{
    return cg_doctor_renews(d) && cg_conf_is_tls(&d->conf, listener) && cg_doctor_guard(d, listener);
}

static const char *has_mount_point(const struct cg_doctor *d, unsigned listener)
{
    bool found = cg_doctor_listener_renews(d, listener) && cg_conf_find(&d->conf, listener, "mount_point");
    return found ? "has a mount_point" : NULL;
}

static bool is_below(const struct cg_conf_line *line, size_t least)
{
    long long value = strtoll(line->value, NULL, 10);
    return value > 0 && (unsigned long long)value < least; /* 0: no limit */
}

static bool drops_requests(const struct cg_conf_line *line)
{
    return is_below(line, CG_RENEW_PAYLOAD_MAX);
}

static bool disconnects_requests(const struct cg_conf_line *line)
{
    return is_below(line, PACKET_MAX);
}

/* --- bridges --- */

/* A word of the line, or "" if there is none; the broker reads "" in quotes as empty. */
static const char *next_word(char **rest)
{
    const char *word = NULL;
    while (*rest && (!word || !*word))
        word = strsep(rest, " ");
    return word && strcmp(word, "\"\"") != 0 ? word : "";
}

/* Does the filter with this prefix match the questions, or their answers? */
static bool matches(const char *prefix, const char *filter)
{
    char joined[1024];
    snprintf(joined, sizeof joined, "%s%s", prefix, filter);
    return cg_topic_matches(joined, CG_RENEW_TOPIC) || cg_topic_matches(joined, CG_RENEW_TOPIC "/" CG_ANSWER_ISSUED);
}

/* topic FILTER [DIRECTION [QOS [LOCAL-PREFIX [REMOTE-PREFIX]]]] */
static bool carries_requests(const struct cg_conf_line *line)
{
    char *text = strdup(line->value), *rest = text;
    const char *filter = next_word(&rest);
    for (int skipped = 0; skipped < 2; skipped++)
        next_word(&rest);
    const char *local = next_word(&rest), *remote = next_word(&rest);
    const bool found = text && line->bridge && (matches(local, filter) || matches(remote, filter));
    free(text);
    return found;
}

/* --- entries that name one certificate --- */

static void report_pins(struct cg_doctor *d, const struct cg_rule_row *row, const char *where,
                        const struct cg_certificate_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct cg_certificate_match *pin = &list->item[i];
        char digest[17] = "";
        for (size_t k = 0; pin->sha256 && k < 8; k++)
            snprintf(digest + 2 * k, 3, "%02x", pin->sha256[k]);
        if (pin->sha256 || pin->serial)
            cg_doctor_report(d, row, "%s: %s: %s %s%s%s%s", d->snapshot->policy->name, where,
                             pin->sha256 ? "sha256" : "serial", pin->sha256 ? digest : pin->serial,
                             pin->sha256 ? "..." : "", pin->note ? ", note: " : "", pin->note ? pin->note : "");
    }
}

static void entry_ends(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_pins(d, row, "admin", &d->snapshot->policy->admin);
    report_pins(d, row, "renewal.signers", &d->snapshot->policy->renewal.signers);
}

static const struct cg_doctor_rule rules[] = {
    {{"renewal_mount_point", CG_LINT_ERROR, "",
      "The broker puts the mount point in front of the topic, so certguard does not get requests for renewal from "
      "these clients, and they get no answer.",
      "Add a listener with TLS and without mount_point on another port, for clients that renew their certificates over "
      "MQTT. If you remove the line instead, the topics of all clients of this listener change."},
     .listener = has_mount_point},
    {{"renewal_message_limit", CG_LINT_ERROR, "",
      "The broker acknowledges larger messages as received, and drops them without an event. A request for renewal has "
      "up to 21848 octets, less than 1024 with a P-256 key.",
      "Set it to at least 21848."},
     .when = cg_doctor_renews,
     .keys = CG_KEYS("message_size_limit"),
     .line = drops_requests},
    {{"renewal_packet_limit", CG_LINT_ERROR, "",
      "The broker ends the connection of a client that sends a larger packet. A request for renewal has up to 21848 "
      "octets, less than 1024 with a P-256 key, and its packet up to 1 KiB more.",
      "Set it to at least 24576."},
     .when = cg_doctor_renews,
     .keys = CG_KEYS("max_packet_size"),
     .line = disconnects_requests},
    {{"renewal_bridged", CG_LINT_WARNING, "",
      "The bridge carries the topics of renewal between the brokers. Each broker answers only its own clients, but on "
      "Mosquitto 2.0.11 wills with these topics cross the bridge.",
      "Name the topics that the other broker needs, without $CONTROL/certguard/v1/renew. Bridging of other control "
      "topics needs separate lines."},
     .when = cg_doctor_renews,
     .keys = CG_KEYS("topic"),
     .line = carries_requests},
    {{"renewal_ends_entry", CG_LINT_WARNING, "",
      "The entry names one certificate. The next renewal replaces that certificate, and the new one is then refused on "
      "the control topic.",
      "If only your CA issues certificates with this name, and identity.username is set in the policy, replace sha256 "
      "or serial by identity with the name. Otherwise renew the certificate with --reuse-key, and name its public key "
      "in spki_sha256."},
     .when = cg_doctor_renews,
     .check = entry_ends},
};
const struct cg_doctor_rules cg_doctor_renewal_rules = {rules, CG_COUNT(rules)};
