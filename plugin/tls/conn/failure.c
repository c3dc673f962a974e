/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "failure.h"

#include "offer.h"
#include "record.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <string.h>

/* SSL_R_* of errors raised here; those of received alerts are 1000 + the alert and have their own table */
static const struct {
    int error;
    enum cg_reason reason;
    const char *detail; /* NULL: OpenSSL's text */
} errors[] = {
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, CG_REASON_NO_CERTIFICATE, "the peer sent no certificate"},
    {SSL_R_UNSUPPORTED_PROTOCOL, CG_REASON_NO_COMMON_VERSION, "no TLS version in common"},
    {SSL_R_UNKNOWN_PROTOCOL, CG_REASON_NO_COMMON_VERSION, NULL},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, CG_REASON_NO_COMMON_VERSION,
     "the broker's tls_version and the policy's min_version together exclude every TLS version"},
    {SSL_R_VERSION_TOO_LOW, CG_REASON_NO_COMMON_VERSION, NULL},
    {SSL_R_VERSION_TOO_HIGH, CG_REASON_NO_COMMON_VERSION, NULL},
    {SSL_R_WRONG_SSL_VERSION, CG_REASON_NO_COMMON_VERSION, NULL},
    {SSL_R_UNSUPPORTED_SSL_VERSION, CG_REASON_NO_COMMON_VERSION, NULL},
    {SSL_R_INAPPROPRIATE_FALLBACK, CG_REASON_NO_COMMON_VERSION, NULL},
    {SSL_R_NO_SHARED_CIPHER, CG_REASON_NO_COMMON_CIPHER, NULL},
    {SSL_R_NO_CIPHERS_AVAILABLE, CG_REASON_NO_COMMON_CIPHER, NULL},
    {SSL_R_NO_CIPHERS_SPECIFIED, CG_REASON_NO_COMMON_CIPHER, NULL},
    {SSL_R_NO_CIPHER_MATCH, CG_REASON_NO_COMMON_CIPHER, NULL},
    {SSL_R_WRONG_CIPHER_RETURNED, CG_REASON_NO_COMMON_CIPHER, NULL},
    {SSL_R_NO_SUITABLE_KEY_SHARE, CG_REASON_NO_COMMON_GROUP, NULL},
    {SSL_R_NO_SUITABLE_GROUPS, CG_REASON_NO_COMMON_GROUP, NULL},
    {SSL_R_NO_SHARED_GROUPS, CG_REASON_NO_COMMON_GROUP, NULL},
    {SSL_R_WRONG_CURVE, CG_REASON_NO_COMMON_GROUP, NULL},
    {SSL_R_UNSUPPORTED_ELLIPTIC_CURVE, CG_REASON_NO_COMMON_GROUP, NULL},
    {SSL_R_BAD_KEY_SHARE, CG_REASON_NO_COMMON_GROUP, NULL},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, CG_REASON_NO_COMMON_SIGNATURE, NULL},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, CG_REASON_NO_COMMON_SIGNATURE, NULL},
    {SSL_R_NO_SUITABLE_DIGEST_ALGORITHM, CG_REASON_NO_COMMON_SIGNATURE, NULL},
    {SSL_R_WRONG_SIGNATURE_TYPE, CG_REASON_NO_COMMON_SIGNATURE, NULL},
    {SSL_R_MISSING_SIGALGS_EXTENSION, CG_REASON_NO_COMMON_SIGNATURE, NULL},
    {SSL_R_BAD_SIGNATURE, CG_REASON_BAD_CERTIFICATE_PROOF, "the handshake's signature does not match the certificate"},
    {SSL_R_WRONG_SIGNATURE_SIZE, CG_REASON_BAD_CERTIFICATE_PROOF, NULL},
    {SSL_R_DIGEST_CHECK_FAILED, CG_REASON_BAD_CERTIFICATE_PROOF, NULL},
    {SSL_R_SIGNATURE_FOR_NON_SIGNING_CERTIFICATE, CG_REASON_BAD_CERTIFICATE_PROOF, NULL},
    {SSL_R_UNKNOWN_CERTIFICATE_TYPE, CG_REASON_KEY_ALGORITHM, NULL},
    {SSL_R_CERT_LENGTH_MISMATCH, CG_REASON_MALFORMED, NULL},
    {ERR_R_ASN1_LIB, CG_REASON_MALFORMED, "a certificate that cannot be parsed"},
    {ERR_R_X509_LIB, CG_REASON_MALFORMED, "a certificate that cannot be parsed"},
    {SSL_R_HTTP_REQUEST, CG_REASON_PLAIN_HTTP, "an HTTP request"},
    {SSL_R_HTTPS_PROXY_REQUEST, CG_REASON_PLAIN_HTTP, "an HTTP CONNECT request"},
    {SSL_R_PSK_IDENTITY_NOT_FOUND, CG_REASON_PSK_UNKNOWN, "the broker has no key for this identity"},
    {SSL_R_PSK_NO_SERVER_CB, CG_REASON_PSK_NOT_ALLOWED, NULL},
    {SSL_R_PSK_NO_CLIENT_CB, CG_REASON_PSK_NOT_ALLOWED, NULL},
    {SSL_R_NO_CERTIFICATE_SET, CG_REASON_NO_CREDENTIAL, NULL},
    {SSL_R_NO_CERTIFICATE_ASSIGNED, CG_REASON_NO_CREDENTIAL, NULL},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, CG_REASON_PEER_GONE, NULL},
    {ERR_R_MALLOC_FAILURE, CG_REASON_NO_MEMORY, NULL},
};

/* TLS AlertDescription of the peer */
static const struct {
    int alert;
    enum cg_reason reason;
} alerts[] = {
    {SSL_AD_CLOSE_NOTIFY, CG_REASON_PEER_GONE},
    {SSL_AD_USER_CANCELLED, CG_REASON_PEER_GONE},
    {SSL_AD_BAD_CERTIFICATE, CG_REASON_PEER_UNTRUSTS_US},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, CG_REASON_PEER_UNTRUSTS_US},
    {SSL_AD_CERTIFICATE_REVOKED, CG_REASON_PEER_UNTRUSTS_US},
    {SSL_AD_CERTIFICATE_UNKNOWN, CG_REASON_PEER_UNTRUSTS_US},
    {SSL_AD_UNKNOWN_CA, CG_REASON_PEER_UNTRUSTS_US},
    {SSL_AD_ACCESS_DENIED, CG_REASON_PEER_UNTRUSTS_US},
    {SSL_AD_CERTIFICATE_EXPIRED, CG_REASON_PEER_SAYS_EXPIRED},
    {SSL_AD_PROTOCOL_VERSION, CG_REASON_NO_COMMON_VERSION},
    {SSL_AD_INSUFFICIENT_SECURITY, CG_REASON_NO_COMMON_CIPHER},
    {SSL_AD_CERTIFICATE_REQUIRED, CG_REASON_PEER_WANTS_CERTIFICATE},
};

/* First bytes that are neither a TLS record (0x16 0x03) nor MQTT's CONNECT (0x10) may be text */
static const char *const http_methods[] = {"GET ",  "HEAD ", "POST ", "PUT ",  "DELET",
                                           "OPTIO", "PATCH", "TRACE", "CONNE", "PRI *"};

static bool begins_with_method(const struct cg_conn *conn)
{
    for (size_t i = 0; i < sizeof http_methods / sizeof *http_methods; i++)
        if (memcmp(conn->private->first, http_methods[i], strlen(http_methods[i])) == 0)
            return true;
    return false;
}

/* RFC 5246 appendix E.2 */
static bool is_ssl2_hello(const unsigned char *b)
{
    return (b[0] & 0x80) && b[2] == SSL2_MT_CLIENT_HELLO;
}

static bool looks_like_hello(const unsigned char *b)
{
    return (b[0] == SSL3_RT_HANDSHAKE && b[1] == SSL3_VERSION_MAJOR) || is_ssl2_hello(b);
}

/* Without printf: a flood of garbage should cost no more than it costs a broker without the plugin. */
static void set_garbage(struct cg_conn *conn)
{
    static const char digits[] = "0123456789abcdef", words[] = "bytes that are not a TLS hello:";
    char text[sizeof words + 3 * sizeof conn->private->first];
    char *at = text + sizeof words - 1;
    memcpy(text, words, sizeof words);
    for (size_t i = 0; i < sizeof conn->private->first; i++) {
        *at++ = ' ';
        *at++ = digits[conn->private->first[i] >> 4];
        *at++ = digits[conn->private->first[i] & 0xf];
    }
    *at = '\0';
    cg_conn_set_fault(conn, CG_REASON_GARBAGE, text);
}

/* Sets the reason if the peer sent something else than a hello. False: it looks like a hello. */
static bool classify_non_tls(struct cg_conn *conn)
{
    const unsigned char *b = conn->private->first;
    if (conn->private->hello_seen || conn->private->nfirst < sizeof conn->private->first || looks_like_hello(b))
        return false;
    if (b[0] == SSL3_RT_ALERT && b[1] == SSL3_VERSION_MAJOR) { /* the peer's settings leave nothing for a hello */
        cg_conn_set_reason(conn, CG_REASON_PEER_ALERT, "an alert instead of a hello");
        conn->fix = "Check the log of the client: its own settings for TLS versions, cipher suites and signature "
                    "algorithms leave it nothing to offer.";
    } else if (b[0] == 0x10) /* MQTT 5.0 section 3.1.1: CONNECT */
        cg_conn_set_fault(conn, CG_REASON_PLAIN_MQTT, "MQTT without TLS");
    else if (begins_with_method(conn))
        cg_conn_set_fault(conn, CG_REASON_PLAIN_HTTP, "an HTTP request without TLS");
    else
        set_garbage(conn);
    return true;
}

/* If the peer is a broker, the fix concerns other files and keys. */
static const struct {
    enum cg_reason reason;
    const char *fix;
} of_bridges[] = {
    {CG_REASON_PEER_UNTRUSTS_US,
     "Add the CA that issued the bridge's certificate (bridge_certfile) to the CAs that the remote broker trusts, or "
     "give the bridge a client certificate from a CA that the remote broker trusts."},
    {CG_REASON_PEER_SAYS_EXPIRED,
     "Renew the bridge's certificate (bridge_certfile) if it has expired. If not, check the remote broker's trust file "
     "for an expired CA certificate, and check the clock of its machine."},
    {CG_REASON_PEER_ALERT, "The detail names the alert; check the log of the remote broker. If it requires a "
                           "certificate from the bridge, set bridge_certfile and bridge_keyfile in mosquitto.conf."},
    {CG_REASON_PEER_GONE, "Check the log of the remote broker: many close the connection without an alert if they do "
                          "not trust the bridge's certificate (bridge_certfile), or if they require one and get none."},
    {CG_REASON_NO_COMMON_VERSION, "Update the remote broker to TLS 1.2 or 1.3: older versions are never accepted, and "
                                  "no policy key changes that. TLS 1.2 is refused only if bridge.tls.min_version in "
                                  "the policy or bridge_tls_version in mosquitto.conf requires 1.3."},
    {CG_REASON_NO_COMMON_CIPHER, "Compare the cipher suites of the remote broker with bridge.tls.ciphers and "
                                 "bridge.tls.ciphersuites in the policy."},
};

static void set_bridge_fix(struct cg_conn *conn)
{
    for (size_t i = 0; i < sizeof of_bridges / sizeof *of_bridges && !conn->fix; i++)
        if (conn->role == CG_ROLE_BRIDGE && of_bridges[i].reason == conn->reason)
            conn->fix = of_bridges[i].fix;
}

static void from_alert(struct cg_conn *conn)
{
    enum cg_reason reason = CG_REASON_PEER_ALERT;
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (alerts[i].alert == conn->alert_received)
            reason = alerts[i].reason;
    cg_conn_set_reason(conn, reason, "the peer sent alert %d: %s", conn->alert_received,
                       cg_alert_text(conn->alert_received));
}

/* ---- errors whose reason depends on the connection; false: use the table */

static bool no_certificate(struct cg_conn *conn)
{
    if (!cg_offers_psk(conn))
        return false;
    if (cg_conn_tls(conn)->psk_allowed)
        cg_conn_set_reason(conn, CG_REASON_PSK_UNKNOWN,
                           "the broker did not accept the client's pre-shared key, and the client sent no certificate");
    else
        cg_conn_set_reason(conn, CG_REASON_PSK_NOT_ALLOWED,
                           "the client offered a pre-shared key and sent no certificate");
    return true;
}

static bool wrong_key(struct cg_conn *conn)
{
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(conn->ssl);
    if (!conn->private->psk_offered && !(cipher && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_psk))
        return false;
    cg_conn_set_reason(conn, CG_REASON_PSK_UNKNOWN, "the client has another key than the broker for this identity");
    return true;
}

static bool too_large(struct cg_conn *conn)
{
    if (!conn->private->hello_seen)
        return false;
    cg_conn_set_reason(conn, CG_REASON_CHAIN_TOO_LARGE, "a message longer than %s.max_chain_bytes allows (%zu)",
                       conn->role == CG_ROLE_BRIDGE ? "bridge" : "client", cg_conn_profile(conn)->max_chain_bytes);
    return true;
}

/* The limit that the client requested (RFC 6066 4); 0: none. */
static unsigned fragment_limit(const struct cg_conn *conn)
{
    const SSL_SESSION *session = SSL_get_session(conn->ssl);
    unsigned code = session ? SSL_SESSION_get_max_fragment_length(session) : TLSEXT_max_fragment_length_DISABLED;
    return code >= TLSEXT_max_fragment_length_512 && code <= TLSEXT_max_fragment_length_4096 ? 256U << code : 0;
}

static bool long_record(struct cg_conn *conn)
{
    unsigned limit = fragment_limit(conn);
    if (!limit)
        return false;
    cg_conn_set_reason(conn, CG_REASON_HANDSHAKE_FAILED,
                       "a record longer than the max_fragment_length of %u bytes that the client requested", limit);
    conn->fix = "Update the client's TLS library, or disable max_fragment_length in it: it exceeds the limit that it "
                "requested.";
    return true;
}

/* OpenSSL before 4.0 parses such a hello, and then finds no common version. */
static bool ssl2_hello(struct cg_conn *conn)
{
    if (conn->private->nfirst < sizeof conn->private->first || !is_ssl2_hello(conn->private->first))
        return false;
    cg_conn_set_reason(conn, CG_REASON_NO_COMMON_VERSION, "an SSL 2 hello");
    return true;
}

static const struct {
    int error;
    bool listener_only;
    bool (*classify)(struct cg_conn *conn);
} special_cases[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, true, cg_offer_lacks_version},
    {SSL_R_WRONG_VERSION_NUMBER, true, ssl2_hello},
    {SSL_R_NO_SHARED_CIPHER, true, cg_offer_lacks_cipher},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, true, cg_offer_lacks_signature},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, true, cg_offer_lacks_signature},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, true, no_certificate},
    {SSL_R_BINDER_DOES_NOT_VERIFY, false, wrong_key},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, false, wrong_key},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, false, too_large},
    {SSL_R_DATA_LENGTH_TOO_LONG, true, long_record},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, true, long_record},
    {SSL_R_PACKET_LENGTH_TOO_LONG, true, long_record},
};

static bool classify_special(struct cg_conn *conn, int error)
{
    for (size_t i = 0; i < sizeof special_cases / sizeof *special_cases; i++)
        if (special_cases[i].error == error && (!special_cases[i].listener_only || conn->role == CG_ROLE_LISTENER))
            return special_cases[i].classify(conn);
    return false;
}

/* OpenSSL 3.2 and later has one error for all problems of records; the alert that it sent distinguishes them. */
#define RECORD_LAYER_FAILURE 313 /* SSL_R_RECORD_LAYER_FAILURE, which the headers at build time may lack */

static int error_of(const struct cg_conn *conn)
{
    static const struct {
        int alert, error;
    } rows[] = {
        {SSL_AD_BAD_RECORD_MAC, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC},
        {SSL_AD_RECORD_OVERFLOW, SSL_R_DATA_LENGTH_TOO_LONG},
        {SSL_AD_UNEXPECTED_MESSAGE, SSL_R_UNEXPECTED_MESSAGE},
    };
    int error = ERR_GET_REASON(conn->openssl_error);
    for (size_t i = 0; i < sizeof rows / sizeof *rows && error == RECORD_LAYER_FAILURE; i++)
        if (rows[i].alert == conn->alert_sent)
            return rows[i].error;
    return error;
}

static void from_error(struct cg_conn *conn)
{
    int error = error_of(conn);
    const char *text = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, error));
    if (!text)
        text = "no reason given";
    if (classify_special(conn, error))
        return;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].error == error)
            cg_conn_set_reason(conn, errors[i].reason, "%s", errors[i].detail ? errors[i].detail : text);
    /* a peer that agreed on a cipher speaks TLS, whatever follows */
    bool unreadable = !conn->private->hello_seen ||
                      (conn->alert_sent == SSL_AD_DECODE_ERROR && !SSL_get_pending_cipher(conn->ssl));
    cg_conn_set_reason(conn, unreadable ? CG_REASON_GARBAGE : CG_REASON_HANDSHAKE_FAILED, "%s%s", text,
                       conn->private->verified ? ", after its certificate was accepted" : "");
}

static const char *gone_detail(const struct cg_conn *conn)
{
    if (!conn->private->hello_seen)
        return conn->private->nfirst ? "in its first message" : "before its first message";
    if (conn->private->certificate_shown)
        return "after our certificate was sent: the peer may not trust it";
    return conn->role == CG_ROLE_BRIDGE ? "after the hello; this bridge has no certificate to show" : "after the hello";
}

void cg_failure_gone(struct cg_conn *conn, int saved_errno)
{
    if (saved_errno == ECONNRESET || saved_errno == EPIPE || saved_errno == ETIMEDOUT)
        cg_conn_set_reason(conn, CG_REASON_PEER_GONE, "%s, %s", strerror(saved_errno), gone_detail(conn));
    else
        cg_conn_set_reason(conn, CG_REASON_PEER_GONE, "closed %s", gone_detail(conn));
    set_bridge_fix(conn);
}

void cg_failure_classify(struct cg_conn *conn, int saved_errno)
{
    conn->openssl_error = ERR_peek_last_error();
    if (conn->reason != CG_REASON_UNSET)
        return; /* we refused it ourselves */
    bool tls_error = ERR_GET_LIB(conn->openssl_error) == ERR_LIB_SSL;
    if (conn->alert_received >= 0)
        from_alert(conn);
    else if (classify_non_tls(conn))
        return;
    else if (!tls_error || ERR_GET_REASON(conn->openssl_error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        cg_failure_gone(conn, saved_errno);
    else
        from_error(conn);
    set_bridge_fix(conn);
}
