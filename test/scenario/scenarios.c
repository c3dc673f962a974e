/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "scenarios.h"

#include <openssl/ssl.h>
#include <openssl/tls1.h>

static const struct cg_scenarios *const parts[] = {
    &cg_scenarios_accept, &cg_scenarios_path,  &cg_scenarios_crl,
    &cg_scenarios_leaf,   &cg_scenarios_flaws, &cg_scenarios_tls,
};

const struct cg_scenario *cg_scenario_at(size_t index)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (index < parts[i]->count)
            return &parts[i]->row[index];
        index -= parts[i]->count;
    }
    return NULL;
}

/* Reasons for which the standards have no alert get bad_certificate. */
static const struct {
    enum cg_reason reason;
    int tls12, tls13;
} alerts[] = {
    {CG_REASON_NO_CERTIFICATE, SSL_AD_HANDSHAKE_FAILURE, TLS13_AD_CERTIFICATE_REQUIRED},
    {CG_REASON_UNTRUSTED, SSL_AD_UNKNOWN_CA, SSL_AD_UNKNOWN_CA},
    {CG_REASON_SELF_SIGNED, SSL_AD_UNKNOWN_CA, SSL_AD_UNKNOWN_CA},
    {CG_REASON_NOT_A_CA, SSL_AD_UNKNOWN_CA, SSL_AD_UNKNOWN_CA},
    {CG_REASON_CA_KEY_USAGE, SSL_AD_UNKNOWN_CA, SSL_AD_UNKNOWN_CA},
    {CG_REASON_PATH_LENGTH, SSL_AD_UNKNOWN_CA, SSL_AD_UNKNOWN_CA},
    {CG_REASON_TOO_DEEP, SSL_AD_UNKNOWN_CA, SSL_AD_UNKNOWN_CA},
    {CG_REASON_REVOKED, SSL_AD_CERTIFICATE_REVOKED, SSL_AD_CERTIFICATE_REVOKED},
    {CG_REASON_CRL_MISSING, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_CERTIFICATE_UNKNOWN},
    {CG_REASON_CRL_EXPIRED, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_CERTIFICATE_UNKNOWN},
    {CG_REASON_CRL_NOT_YET_VALID, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_CERTIFICATE_UNKNOWN},
    {CG_REASON_CRL_TOO_OLD, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_CERTIFICATE_UNKNOWN},
    {CG_REASON_CRL_UNKNOWN, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_CERTIFICATE_UNKNOWN},
    {CG_REASON_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED},
    {CG_REASON_NOT_YET_VALID, SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED},
    {CG_REASON_CA_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED},
    {CG_REASON_CA_NOT_YET_VALID, SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED},
    {CG_REASON_PROXY_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE},
    {CG_REASON_CA_AS_END_ENTITY, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE},
    {CG_REASON_WRONG_PURPOSE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE},
    {CG_REASON_EKU_MISSING, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE},
    {CG_REASON_EKU_ANY, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE},
    {CG_REASON_CA_WRONG_PURPOSE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE},
    {CG_REASON_KEY_USAGE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE},
};

int cg_scenario_alert(enum cg_reason reason, bool tls13)
{
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (alerts[i].reason == reason)
            return tls13 ? alerts[i].tls13 : alerts[i].tls12;
    return cg_reason_row(reason)->kind == CG_KIND_RULE ? SSL_AD_BAD_CERTIFICATE : -1;
}

static const struct {
    enum cg_reason reason;
    const char *explanation;
} exceptions[] = {
    {CG_REASON_NO_MEMORY, "unit_check_memory makes each allocation fail"},
    {CG_REASON_INTERNAL_ERROR, "no known input leads to it"},
    {CG_REASON_NO_SNAPSHOT, "the broker does not start without a snapshot; tested by unit_tls_hook"},
    {CG_REASON_PATH_OTHER, "for OpenSSL errors without a reason row; every known error has one"},
    {CG_REASON_PEER_WANTS_CERTIFICATE, "only for a bridge; tested by unit_tls_hook"},
    {CG_REASON_NO_CREDENTIAL, "a TLS listener without a certificate does not start"},
    {CG_REASON_NO_RECORD, "only a broken hook leads to it; tested by unit tests"},
    {CG_REASON_CLIENT_ID_TAKEN, "needs two clients; tested by broker_identity"},
    {CG_REASON_NOT_AN_ADMIN, "needs a request on the control topic; tested by broker_control"},
    {CG_REASON_SESSION_LIMIT, "needs a session of ten minutes; tested by unit_session_enforcement"},
    {CG_REASON_ENDED_BY_ADMIN, "needs a command on the control topic; tested by broker_control"},
    {CG_REASON_RENEWAL_MALFORMED, "a renewal request; tested by unit_renewal_request"},
    {CG_REASON_RENEWAL_BAD_SIGNATURE, "a renewal request; tested by unit_renewal_check"},
    {CG_REASON_RENEWAL_BAD_PROOF, "a renewal request; tested by unit_renewal_check"},
    {CG_REASON_RENEWAL_KEY_NOT_ALLOWED, "a renewal request; tested by unit_renewal_check"},
    {CG_REASON_RENEWAL_KEY_NOT_NEW, "a renewal request; tested by unit_renewal_check"},
    {CG_REASON_RENEWAL_NAMES_DIFFER, "a renewal request; tested by unit_renewal_check"},
    {CG_REASON_RENEWAL_TOO_EARLY, "a renewal request; tested by unit_renewal_check"},
    {CG_REASON_RENEWAL_NOT_ACCEPTED, "a renewal request; tested by broker_renewal"},
    {CG_REASON_RENEWAL_FORKED, "a decision of the CA; tested by tool_requests"},
    {CG_REASON_RENEWAL_DENIED, "a decision of the CA; tested by tool_requests"},
    {CG_REASON_POLICY_INVALID, "an invalid file; tested by scenario_files"},
    {CG_REASON_TRUST_INVALID, "an invalid file; tested by scenario_files"},
    {CG_REASON_CRL_INVALID, "an invalid file; tested by scenario_files"},
    {CG_REASON_CREDENTIAL_INVALID, "an invalid file; tested by scenario_files"},
    {CG_REASON_STATE_INVALID, "an invalid file; tested by unit_crl_numbers_snapshot"},
};

const char *cg_scenario_exception(enum cg_reason reason)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (exceptions[i].reason == reason)
            return exceptions[i].explanation;
    return NULL;
}
