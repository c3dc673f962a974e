/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the bridges of mosquitto.conf. */
#include "rules.h"

static bool has(const struct cg_doctor *d, unsigned bridge, const char *key)
{
    return cg_conf_find_bridge(&d->conf, bridge, key) != NULL;
}

static bool has_trust(const struct cg_doctor *d, unsigned bridge)
{
    return has(d, bridge, "bridge_cafile") || has(d, bridge, "bridge_capath");
}

static bool is_plain(const struct cg_doctor *d, unsigned bridge)
{
    return !has_trust(d, bridge) && !has(d, bridge, "bridge_psk") && !has(d, bridge, "bridge_tls_use_os_certs");
}

static bool lacks_certificate(const struct cg_doctor *d, unsigned bridge)
{
    return has_trust(d, bridge) && !has(d, bridge, "bridge_certfile");
}

static bool has_shared_key(const struct cg_doctor *d, unsigned bridge)
{
    return has(d, bridge, "bridge_psk");
}

static bool has_half_pair(const struct cg_doctor *d, unsigned bridge)
{
    return has(d, bridge, "bridge_certfile") != has(d, bridge, "bridge_keyfile");
}

static const struct cg_doctor_rule rules[] = {
    {{"bridge_plain", CG_LINT_WARNING, "", "The bridge connects to its peer without TLS.",
      "Set bridge_cafile, bridge_certfile and bridge_keyfile."},
     .bridge = is_plain},
    {{"bridge_insecure", CG_LINT_ERROR, "",
      "The peer's host name is not checked. Anyone with a certificate from the trusted CAs can impersonate the peer.",
      "Give the peer a certificate whose subjectAltName has the name used here, then remove the line."},
     .keys = CG_KEYS("bridge_insecure"),
     .line = cg_conf_true},
    {{"bridge_nameless", CG_LINT_NOTICE, "", "The bridge has no certificate. A peer that requires one refuses it.",
      "Run certguard issue bridge NAME, and set bridge_certfile and bridge_keyfile."},
     .bridge = lacks_certificate},
    {{"bridge_psk", CG_LINT_WARNING, "", "The bridge uses a shared key: no certificate, no expiry and no revocation.",
      "Run certguard issue bridge NAME, and set bridge_cafile, bridge_certfile and bridge_keyfile. With certguard's "
      "plugin, the bridge connects only if the policy contains \"bridge\": {\"tls\": {\"psk\": \"allow\"}}."},
     .bridge = has_shared_key},
    {{"bridge_half_pair", CG_LINT_ERROR, "",
      "The bridge needs both a certificate and a key. With only one of them, it does not connect.",
      "Set both bridge_certfile and bridge_keyfile."},
     .bridge = has_half_pair},
    {{"bridge_2_0_11", CG_LINT_NOTICE, "",
      "Mosquitto 2.0.11 may stop responding after the TLS handshake of a bridge has failed several times.",
      "Use 2.0.21 or later for bridges with TLS."},
     .when = cg_doctor_is_2_0_11,
     .bridge = has_trust},
};
const struct cg_doctor_rules cg_doctor_bridge_rules = {rules, CG_COUNT(rules)};
