/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the bridges of mosquitto.conf. */
#include "rules.h"

#include <string.h>

static bool has(const struct cg_doctor *d, unsigned bridge, const char *key)
{
    return cg_conf_find_bridge(&d->conf, bridge, key) != NULL;
}

static bool has_trust(const struct cg_doctor *d, unsigned bridge)
{
    return has(d, bridge, "bridge_cafile") || has(d, bridge, "bridge_capath");
}

static void plain(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; i <= d->conf.bridges; i++)
        if (!has_trust(d, i) && !has(d, i, "bridge_psk") && !has(d, i, "bridge_tls_use_os_certs"))
            cg_doctor_report_line(d, row, cg_conf_bridge(&d->conf, i));
}

static void insecure(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"bridge_insecure", NULL};
    cg_doctor_each_line(d, row, keys, cg_conf_true);
}

static void nameless(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; i <= d->conf.bridges; i++)
        if (has_trust(d, i) && !has(d, i, "bridge_certfile"))
            cg_doctor_report_line(d, row, cg_conf_bridge(&d->conf, i));
}

static void shared_key(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; i <= d->conf.bridges; i++)
        if (has(d, i, "bridge_psk"))
            cg_doctor_report_line(d, row, cg_conf_bridge(&d->conf, i));
}

static void half_pair(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; i <= d->conf.bridges; i++)
        if (has(d, i, "bridge_certfile") != has(d, i, "bridge_keyfile"))
            cg_doctor_report_line(d, row, cg_conf_bridge(&d->conf, i));
}

static void old_broker(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 1; strcmp(d->version, "2.0.11") == 0 && i <= d->conf.bridges; i++)
        if (has_trust(d, i))
            cg_doctor_report_line(d, row, cg_conf_bridge(&d->conf, i));
}

static const struct cg_doctor_rule rules[] = {
    {{"bridge_plain", CG_LINT_WARNING, "", "The bridge talks to its peer without TLS.",
      "Set bridge_cafile, bridge_certfile and bridge_keyfile."},
     .look = plain},
    {{"bridge_insecure", CG_LINT_ERROR, "",
      "The peer's host name is not checked: any holder of a certificate can pose as it.",
      "Give the peer's certificate a SAN with the name used here, then remove the line."},
     .look = insecure},
    {{"bridge_nameless", CG_LINT_NOTICE, "", "The bridge has no certificate: a peer that asks for one refuses it.",
      "certguard issue bridge NAME, and set bridge_certfile and bridge_keyfile."},
     .look = nameless},
    {{"bridge_psk", CG_LINT_WARNING, "", "The bridge uses a shared key: no certificate, no expiry and no revocation.",
      "certguard issue bridge NAME, and set bridge_cafile, bridge_certfile and bridge_keyfile. With certguard's plugin "
      "the "
      "bridge connects only where the policy says \"bridge\": {\"tls\": {\"psk\": \"allow\"}}."},
     .look = shared_key},
    {{"bridge_half_pair", CG_LINT_ERROR, "",
      "Certificate and key belong together: the bridge does not connect with one.",
      "Set both bridge_certfile and bridge_keyfile."},
     .look = half_pair},
    {{"bridge_2_0_11", CG_LINT_NOTICE, "",
      "Mosquitto 2.0.11 may stop answering after the TLS handshake of a bridge has failed a few times.",
      "Use 2.0.21 or later for bridges over TLS."},
     .look = old_broker},
};
const struct cg_doctor_rules cg_doctor_bridge_rules = {rules, CG_COUNT(rules)};
