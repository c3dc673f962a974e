/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The fixes for certificates of brokers. No fix may accept a client that was refused before. The anchors in "trust"
 * are for clients; the broker's own chain and the peers of bridges have theirs in server.trust and bridge.trust. */
#include "reason.h"

#define NEW_BROKER  "`certguard issue broker NAME`"
#define AGAIN_OWN   "`certguard renew NAME --as broker`, or " NEW_BROKER " if that name is free"
#define ISSUE_OWN   "Issue a new certificate for the broker (" NEW_BROKER ")"
#define OR_OWN(key) ", or change server." key " in the policy"
#define SERVED      " The broker serves the certificate as soon as it is accepted."
#define SET_CLOCK   "Set the broker's clock: `timedatectl`."

#define OTHER          "The other broker needs a certificate "
#define ASK_OTHER      "Ask the administrator of the other broker for a new certificate"
#define OR_BRIDGE(key) ". Otherwise, change bridge." key " in the policy"

#define CA_OF_OWN   "Issue the broker's certificate from another CA, or "
#define CA_OF_OTHER "The CA of the other broker is at fault. Its administrator needs a certificate of another CA, or "

#define ONLY_PATH_OWN   "Leave only the broker's certificate and the intermediates above it in its file"
#define ONLY_PATH_OTHER "The other broker should send only its own certificate and the intermediates above it"
#define REMOVE_UNUSED   "remove CA certificates that issued none of your certificates from the trust files."

/* NULL: the fix for a client's certificate applies. */
static const char *const fixes[CG_REASON_COUNT][CG_CERT_OWNER_COUNT] = {
    [CG_REASON_NO_CERTIFICATE] =
        {[CG_OF_BROKER] = "Set certfile and keyfile in mosquitto.conf, or credential {chain, key} in the policy.",
         [CG_OF_BRIDGE] = "The other broker must serve a certificate. Connect the bridge to a TLS listener that has "
                          "one."},
    [CG_REASON_CHAIN_TOO_LONG] = {[CG_OF_BROKER] = ONLY_PATH_OWN OR_OWN("max_chain") ".",
                                  [CG_OF_BRIDGE] = ONLY_PATH_OTHER OR_BRIDGE("max_chain") "."},
    [CG_REASON_CHAIN_TOO_LARGE] = {[CG_OF_BROKER] = ONLY_PATH_OWN OR_OWN("max_chain_bytes") ".",
                                   [CG_OF_BRIDGE] = ONLY_PATH_OTHER OR_BRIDGE("max_chain_bytes") "."},
    [CG_REASON_MALFORMED] = {[CG_OF_BROKER] = "Issue it again with a tool that follows the standard: " NEW_BROKER ".",
                             [CG_OF_BRIDGE] = ASK_OTHER ", issued with a tool that follows the standard."},
    [CG_REASON_DENY_LISTED] = {[CG_OF_BROKER] = ISSUE_OWN
                               ". If the entry in \"deny\" of the policy is wrong, remove it instead.",
                               [CG_OF_BRIDGE] = "If the other broker is the right one, remove its entry from \"deny\" "
                                                "in the policy. Otherwise, check the address of the bridge."},
    [CG_REASON_UNTRUSTED] =
        {[CG_OF_BROKER] = "Append the intermediates to the file of the broker's certificate, or "
                          "issue a certificate from your CA (" NEW_BROKER
                          "). If a public CA issued the certificate, name its root in server.trust.anchors, "
                          "with the roots of all other certificates of the broker. Never add it to "
                          "trust.anchors: every client of that CA would then be accepted.",
         [CG_OF_BRIDGE] = "The other broker should send its intermediates. Otherwise, name the "
                          "root of its CA in bridge.trust.anchors, never in trust.anchors: every client of "
                          "that CA would then be accepted. bridge.trust replaces trust for all "
                          "bridges, so name the roots and the CRLs of all other brokers there."},
    [CG_REASON_SELF_SIGNED] = {[CG_OF_BROKER] = "Issue a certificate for the broker from your own CA: " NEW_BROKER ".",
                               [CG_OF_BRIDGE] = OTHER
                               "of a CA in bridge.trust.anchors (without bridge.trust: trust.anchors)."},
    [CG_REASON_PATH_LIMIT] = {[CG_OF_BROKER] = ONLY_PATH_OWN ". If it contains no others, " REMOVE_UNUSED,
                              [CG_OF_BRIDGE] = ONLY_PATH_OTHER ". If it already does, " REMOVE_UNUSED},
    [CG_REASON_BAD_SIGNATURE] = {[CG_OF_BROKER] = "The certificate was changed, or it comes from another CA with the "
                                                  "same name. Issue it again: " NEW_BROKER ".",
                                 [CG_OF_BRIDGE] = "The certificate was changed, or it comes from a CA with the same "
                                                  "name as one in bridge.trust (without bridge.trust: trust). Ask "
                                                  "the administrator of the other broker which CA it is."},
    [CG_REASON_REVOKED] = {[CG_OF_BROKER] = "Issue a new certificate with a new key: " NEW_BROKER
                                            ". A revoked certificate cannot be used again.",
                           [CG_OF_BRIDGE] = ASK_OTHER
                           " with a new key. Do not trust the old one: its key may be stolen."},
    [CG_REASON_CRL_MISSING] =
        {[CG_OF_BROKER] = "If the certificate comes from your own CA, publish a CRL (`certguard crl`) and add it to "
                          "server.trust.crls (without server.trust: trust.crls). If it comes from another CA, name "
                          "that CA's root in server.trust.anchors, with the roots of the broker's other certificates. "
                          "If server.trust is set, trust.crls does not apply to them.",
         [CG_OF_BRIDGE] = "Add a CRL of that CA to bridge.trust.crls (without bridge.trust: trust.crls). If there is "
                          "none, set bridge.trust to the roots and the CRLs of all other brokers, with "
                          "\"crl_required\": false, which then applies to bridges only."},
    [CG_REASON_CRL_EXPIRED] =
        {[CG_OF_BROKER] = "Publish a new CRL now (`certguard crl`; for another CA, download it), and have a timer do "
                          "this before each nextUpdate. If the CRL's dates look valid, set the broker's clock: "
                          "`timedatectl`." SERVED,
         [CG_OF_BRIDGE] = "Download the current CRL of the other broker's CA to bridge.trust.crls (without "
                          "bridge.trust: trust.crls), and have a timer do this before each nextUpdate."},
    [CG_REASON_CRL_NOT_YET_VALID] = {[CG_OF_BROKER] = SET_CLOCK " Set the clock of the CA's machine too." SERVED,
                                     [CG_OF_BRIDGE] = SET_CLOCK
                                     " If it is right, the clock of the other broker's CA is wrong. bridge.clock_skew "
                                     "in the policy allows small differences."},
    [CG_REASON_CRL_TOO_OLD] =
        {[CG_OF_BROKER] = "Publish a new CRL now (`certguard crl`; for another CA, download it), or raise "
                          "server.trust.crl_max_age (without server.trust: trust.crl_max_age)." SERVED,
         [CG_OF_BRIDGE] = "Download the current CRL of the other broker's CA, or raise crl_max_age in bridge.trust "
                          "(without it: in trust)."},
    [CG_REASON_CRL_UNKNOWN] =
        {[CG_OF_BROKER] = "Publish one full CRL of your CA (`certguard crl`), or add the CRL that "
                          "the certificate's cRLDistributionPoints extension names.",
         [CG_OF_BRIDGE] = "Add the CRL that the certificate's cRLDistributionPoints extension names "
                          "to bridge.trust.crls (without bridge.trust: trust.crls)."},
    [CG_REASON_EXPIRED] =
        {[CG_OF_BROKER] = "Renew it: `certguard rotate NAME` (Mosquitto reads a certfile again at SIGHUP). If its "
                          "dates look valid, set the broker's clock: `timedatectl`." SERVED,
         [CG_OF_BRIDGE] = "The administrator of the other broker must renew it. If its dates look valid, set the clock "
                          "of this machine: `timedatectl`."},
    [CG_REASON_NOT_YET_VALID] = {[CG_OF_BROKER] = SET_CLOCK " Set the clock of the CA's machine too." SERVED,
                                 [CG_OF_BRIDGE] = SET_CLOCK
                                 " If it is right, wait until the notBefore of the certificate."},
    [CG_REASON_CA_EXPIRED] =
        {[CG_OF_BROKER] = "Renew the CA certificate with the same name and key, and add it where the old one is. If "
                          "its dates look valid, set the broker's clock: `timedatectl`." SERVED,
         [CG_OF_BRIDGE] = "If it is an intermediate, the other broker must send the new one. If it is a root, add the "
                          "new one where the old one is (bridge.trust.anchors; without bridge.trust: trust.anchors). "
                          "If the dates look valid, set the "
                          "clock: `timedatectl`."},
    [CG_REASON_CA_NOT_YET_VALID] = {[CG_OF_BROKER] = SET_CLOCK SERVED,
                                    [CG_OF_BRIDGE] = SET_CLOCK
                                    " If it is right, wait until the notBefore of the CA certificate."},
    [CG_REASON_PROXY_CERTIFICATE] = {[CG_OF_BROKER] = "Use an ordinary certificate for the broker: " NEW_BROKER ".",
                                     [CG_OF_BRIDGE] = OTHER "that a CA issued."},
    [CG_REASON_NOT_A_CA] =
        {[CG_OF_BROKER] = "Issue the broker's certificate from a CA (basicConstraints CA:TRUE): " NEW_BROKER ".",
         [CG_OF_BRIDGE] = OTHER
         "that a CA issued (basicConstraints CA:TRUE). Until it has one, treat its certificate as a forgery."},
    [CG_REASON_CA_KEY_USAGE] =
        {[CG_OF_BROKER] = CA_OF_OWN
         "issue the CA certificate again with the same name and key, and with keyUsage keyCertSign and cRLSign.",
         [CG_OF_BRIDGE] = CA_OF_OTHER "a CA certificate with keyUsage keyCertSign and cRLSign."},
    [CG_REASON_PATH_LENGTH] = {[CG_OF_BROKER] = "Issue the broker's certificate from a CA higher up: " NEW_BROKER ".",
                               [CG_OF_BRIDGE] = CA_OF_OTHER "a CA certificate with a larger pathlen."},
    [CG_REASON_TOO_DEEP] = {[CG_OF_BROKER] = "Issue the broker's certificate from a CA higher up (" NEW_BROKER
                                             ")" OR_OWN("max_depth") ".",
                            [CG_OF_BRIDGE] = OTHER "with fewer intermediates" OR_BRIDGE("max_depth") "."},
    [CG_REASON_CA_AS_END_ENTITY] =
        {[CG_OF_BROKER] = "Issue a separate certificate for the broker (" NEW_BROKER
                          "), and keep the CA's key off the broker.",
         [CG_OF_BRIDGE] = OTHER "that is not a CA's (basicConstraints CA:FALSE). Its CA's key does not belong there."},
    [CG_REASON_NOT_V3] =
        {[CG_OF_BROKER] = "Issue it again as version 3: " NEW_BROKER
                          ". `openssl x509 -req` creates version 3 only with -extfile or -copy_extensions.",
         [CG_OF_BRIDGE] = OTHER
         "of version 3. `openssl x509 -req` creates one only with -extfile or -copy_extensions."},
    [CG_REASON_BAD_SERIAL] = {[CG_OF_BROKER] = "Issue it again with a random positive serial number: " NEW_BROKER ".",
                              [CG_OF_BRIDGE] = OTHER "with a random positive serial number of at most 20 octets."},
    [CG_REASON_UNKNOWN_CRITICAL_EXTENSION] =
        {[CG_OF_BROKER] = "Issue the broker's certificate without that extension: " NEW_BROKER ".",
         [CG_OF_BRIDGE] = OTHER "without that extension, or with the extension not critical."},
    [CG_REASON_WRONG_PURPOSE] =
        {[CG_OF_BROKER] = "The broker needs a certificate with serverAuth: " NEW_BROKER ".",
         [CG_OF_BRIDGE] = OTHER
         "with serverAuth. If its certificate is a client's, a client may be impersonating the broker."},
    [CG_REASON_EKU_MISSING] =
        {[CG_OF_BROKER] = "Issue it again with serverAuth (" AGAIN_OWN ")" OR_OWN("eku.allow_missing") ".",
         [CG_OF_BRIDGE] = OTHER "with serverAuth. bridge.eku.allow_missing in the policy would accept every client "
                                "certificate without the extension as a broker's."},
    [CG_REASON_EKU_ANY] = {[CG_OF_BROKER] = "Issue it again with serverAuth (" AGAIN_OWN
                                            ")" OR_OWN("eku.allow_any") ".",
                           [CG_OF_BRIDGE] = OTHER "with serverAuth. bridge.eku.allow_any in the policy would accept "
                                                  "every client certificate with anyExtendedKeyUsage as a broker's."},
    [CG_REASON_CA_WRONG_PURPOSE] = {[CG_OF_BROKER] = "Issue the broker's certificate from a CA whose extended key "
                                                     "usage includes serverAuth, or from a CA without that extension.",
                                    [CG_OF_BRIDGE] = CA_OF_OTHER
                                    "a CA certificate with serverAuth or without extended key usage."},
    [CG_REASON_KEY_USAGE] = {[CG_OF_BROKER] = "Issue it again with keyUsage digitalSignature: " NEW_BROKER ".",
                             [CG_OF_BRIDGE] = OTHER "with keyUsage digitalSignature."},
    [CG_REASON_NAME_CONSTRAINTS] = {[CG_OF_BROKER] = "Issue the broker's certificate with names inside the CA's name "
                                                     "constraints, or from another CA.",
                                    [CG_OF_BRIDGE] = OTHER "with names inside its CA's name constraints."},
    [CG_REASON_CERTIFICATE_POLICIES] =
        {[CG_OF_BROKER] = "Issue it under one of the OIDs in server.certificate_policies, or change that key in the "
                          "policy.",
         [CG_OF_BRIDGE] = OTHER
         "under one of the OIDs in bridge.certificate_policies. Otherwise, change that key in the policy."},
    [CG_REASON_KEY_ALGORITHM] = {[CG_OF_BROKER] = ISSUE_OWN
                                 " for a key of an allowed type (P-256 is a good choice)" OR_OWN("key_algorithms") ".",
                                 [CG_OF_BRIDGE] = OTHER
                                 "for a key of an allowed type (P-256 is a good choice)" OR_BRIDGE(
                                     "key_algorithms") "."},
    [CG_REASON_KEY_SIZE] = {[CG_OF_BROKER] = ISSUE_OWN
                            " for a new key (P-256, or RSA with 3072 bits). server.insecure_rsa_min_bits allows keys "
                            "below 2048 bits, and server.rsa_max_bits allows larger ones.",
                            [CG_OF_BRIDGE] = OTHER
                            "for a new key (P-256, or RSA with 3072 bits). bridge.insecure_rsa_min_bits allows keys "
                            "below 2048 bits, and bridge.rsa_max_bits allows larger ones."},
    [CG_REASON_RSA_EXPONENT] =
        {[CG_OF_BROKER] = "Issue the broker's certificate for a new key with the exponent 65537: " NEW_BROKER ".",
         [CG_OF_BRIDGE] = OTHER "for a key with the exponent 65537, the default of all current tools."},
    [CG_REASON_EC_PARAMETERS] =
        {[CG_OF_BROKER] = "Issue the broker's certificate for a key with a named curve: " NEW_BROKER ".",
         [CG_OF_BRIDGE] = OTHER "for a key with a named curve."},
    [CG_REASON_SIGNATURE_DIGEST] = {[CG_OF_BROKER] = "Issue it again, signed with SHA-256 or better: " NEW_BROKER ".",
                                    [CG_OF_BRIDGE] = OTHER "signed with SHA-256 or better."},
    [CG_REASON_BAD_NAME] = {[CG_OF_BROKER] = "Issue the broker's certificate with a valid name: " NEW_BROKER ".",
                            [CG_OF_BRIDGE] = OTHER
                            "with a valid name. Such names are used in attacks: find out who requested it."},
    [CG_REASON_SAN_MISSING] = {[CG_OF_BROKER] = "Issue it again with the broker's host name in subjectAltName: "
                                                "`certguard issue broker NAME --san dns:HOST`.",
                               [CG_OF_BRIDGE] = OTHER "with its host name in subjectAltName."},
    [CG_REASON_SAN_TYPE] =
        {[CG_OF_BROKER] = "Issue it again with a name of a required type (`certguard issue broker NAME --san "
                          "dns:HOST`), or change server.san_required or server.san_allowed in the policy.",
         [CG_OF_BRIDGE] = OTHER
         "with a name of a required type. Otherwise, change bridge.san_required or bridge.san_allowed in the policy."},
    [CG_REASON_SAN_MALFORMED] =
        {[CG_OF_BROKER] = "Issue it again with well-formed names: `certguard issue broker NAME --san dns:HOST`.",
         [CG_OF_BRIDGE] = OTHER "with well-formed names in subjectAltName."},
    [CG_REASON_HOST_MISMATCH] =
        {[CG_OF_BROKER] = "Issue a certificate with all names in server.names (`certguard issue broker NAME --san "
                          "dns:HOST`; for an address, --san ip:ADDRESS), or correct that list in the policy.",
         [CG_OF_BRIDGE] = "Set the bridge's address in mosquitto.conf to a name or address in that certificate, or "
                          "have "
                          "the other broker use a certificate that contains the bridge's address: `--san dns:NAME` or "
                          "`--san ip:ADDRESS`."},
    [CG_REASON_LIFETIME_TOO_LONG] = {[CG_OF_BROKER] = "Issue it again with a shorter lifetime (`certguard issue broker "
                                                      "NAME --lifetime DURATION`)" OR_OWN("max_lifetime") ".",
                                     [CG_OF_BRIDGE] = OTHER "with a shorter lifetime" OR_BRIDGE("max_lifetime") "."},
    [CG_REASON_TOO_LITTLE_LIFE_LEFT] =
        {[CG_OF_BROKER] = "Renew it: `certguard rotate NAME` (Mosquitto reads a certfile again at SIGHUP), or lower "
                          "server.min_remaining in the policy." SERVED,
         [CG_OF_BRIDGE] = "The administrator of the other broker must renew it" OR_BRIDGE("min_remaining") "."},
    [CG_REASON_EXTENSION_MISSING] = {[CG_OF_BROKER] = "Issue the broker's certificate again with that extension" OR_OWN(
                                         "extensions") ".",
                                     [CG_OF_BRIDGE] = OTHER "with that extension" OR_BRIDGE("extensions") "."},
    [CG_REASON_EXTENSION_VALUE] =
        {[CG_OF_BROKER] = "Issue the broker's certificate again with the required value" OR_OWN("extensions") ".",
         [CG_OF_BRIDGE] = OTHER "with the required value" OR_BRIDGE("extensions") "."},
    [CG_REASON_EXTENSION_FORBIDDEN] = {[CG_OF_BROKER] = ISSUE_OWN " without that extension" OR_OWN("extensions") ".",
                                       [CG_OF_BRIDGE] = OTHER "without that extension" OR_BRIDGE("extensions") "."},
    [CG_REASON_SUBJECT_MISMATCH] = {[CG_OF_BROKER] = "Issue the broker's certificate again with the required subject "
                                                     "(see `certguard issue --help`)" OR_OWN("subject") ".",
                                    [CG_OF_BRIDGE] = OTHER "with the required subject" OR_BRIDGE("subject") "."},
    [CG_REASON_STRICT] =
        {[CG_OF_BROKER] = "Issue it again with a tool that follows the standard (" NEW_BROKER
                          "), or set server.strict to false in the policy.",
         [CG_OF_BRIDGE] = OTHER
         "issued with a tool that follows the standard. Otherwise, set bridge.strict to false in the policy."},
    [CG_REASON_PSK_NOT_ALLOWED] =
        {[CG_OF_BRIDGE] = "Remove bridge_identity and bridge_psk from mosquitto.conf and name a certificate, or set "
                          "bridge.tls.psk to \"allow\" in the policy."},
    [CG_REASON_POLICY_INVALID] =
        {[CG_OF_BROKER] = "Correct the policy where the detail points to. `certguard doctor` checks it."},
    [CG_REASON_CREDENTIAL_INVALID] =
        {[CG_OF_BROKER] = "Correct the file that the detail names. `certguard doctor` checks all of them."},
};

const char *cg_reason_fix(enum cg_reason reason, enum cg_cert_owner cert_owner)
{
    bool known = (int)reason >= 0 && reason < CG_REASON_COUNT && (int)cert_owner >= 0 &&
                 cert_owner < CG_CERT_OWNER_COUNT;
    return known && fixes[reason][cert_owner] ? fixes[reason][cert_owner] : cg_reason_row(reason)->fix;
}
