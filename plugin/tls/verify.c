/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "verify.h"

#include "tls/conn/handlers.h"
#include "tls/conn/record.h"
#include "tls/openssl/issuers.h"

#include <arpa/inet.h>

/* The name that the broker connects to. It sets it as SNI, even if it is an IP address. */
static const char *bridge_host(const struct cg_conn *conn, char *buffer, size_t size)
{
    const char *name = SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name);
    if (name)
        return name;
    buffer[0] = '\0'; /* without an address: no certificate has that name */
    if (conn->peer.any.sa_family == AF_INET)
        inet_ntop(AF_INET, &conn->peer.v4.sin_addr, buffer, (socklen_t)size);
    else if (conn->peer.any.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &conn->peer.v6.sin6_addr, buffer, (socklen_t)size);
    return buffer;
}

/* Sets the verdict. leaf may be NULL: the peer showed no certificate. False: out of memory. */
static bool run_check(struct cg_conn *conn, X509 *leaf, const STACK_OF(X509) *sent, const STACK_OF(X509) *known_path)
{
    char host[64];
    const struct cg_peer peer = {
        .role = conn->role,
        .port = conn->listener,
        .leaf = leaf,
        .sent = sent,
        .known_path = known_path,
        .signatures = cg_handlers_signatures(),
        .host = conn->role == CG_ROLE_BRIDGE ? bridge_host(conn, host, sizeof host) : NULL,
        .psk = conn->psk,
    };
    if (!conn->verdict && !(conn->verdict = OPENSSL_zalloc(sizeof *conn->verdict)))
        return false;
    cg_verdict_clear(conn->verdict);
    cg_check_peer(conn->snapshot, &peer, cg_handlers_now(), conn->verdict);
    return true;
}

/* A copy without spare room, since it lives as long as the session. NULL: out of memory. */
static STACK_OF(X509) *copy_path(const STACK_OF(X509) *path)
{
    STACK_OF(X509) *copy = sk_X509_new_reserve(NULL, sk_X509_num(path));
    for (int i = 0; copy && i < sk_X509_num(path); i++) {
        X509 *one = i > 0 ? cg_issuers_shared(sk_X509_value(path, i)) : sk_X509_value(path, i);
        (void)sk_X509_push(copy, one); /* has room */
        X509_up_ref(one);
    }
    return copy;
}

/* Stores the path that the verdict accepted. False: out of memory. */
static bool keep_path(struct cg_conn *conn)
{
    conn->not_after = conn->verdict->not_after;
    conn->signatures_hold = conn->verdict->signatures_hold;
    sk_X509_pop_free(conn->path, X509_free);
    conn->path = conn->verdict->path ? copy_path(conn->verdict->path) : NULL;
    conn->private->verified = !conn->verdict->path || conn->path;
    return conn->private->verified;
}

bool cg_verify_peer(struct cg_conn *conn, X509 *leaf, const STACK_OF(X509) *sent)
{
    if (!run_check(conn, leaf, sent, NULL)) {
        cg_conn_set_reason(conn, CG_REASON_NO_MEMORY, "out of memory for the verdict");
        return false;
    }
    if (conn->verdict->decision != CG_ACCEPT) {
        cg_conn_set_reason(conn, conn->verdict->reason, "%s", conn->verdict->detail);
        return false;
    }
    if (!keep_path(conn)) {
        cg_verdict_clear(conn->verdict);
        cg_conn_set_reason(conn, CG_REASON_NO_MEMORY, "out of memory for the certification path");
        return false;
    }
    if (conn->role == CG_ROLE_LISTENER)
        cg_issuers_replace(sent);
    conn->private->signed_ms = cg_handlers_monotonic_ms();
    return true;
}

void cg_verify_reset_resumed(struct cg_conn *conn)
{
    if (!conn->resumed)
        return;
    X509_free(conn->peer_leaf);
    sk_X509_pop_free(conn->path, X509_free);
    conn->peer_leaf = NULL;
    conn->path = NULL;
    conn->not_after = 0;
    conn->private->verified = conn->resumed = conn->signatures_hold = false;
    if (conn->verdict)
        cg_verdict_clear(conn->verdict);
}

bool cg_verify_again(struct cg_conn *conn, const STACK_OF(X509) *path)
{
    X509 *leaf = sk_X509_value(path, 0);
    cg_verify_reset_resumed(conn); /* from an earlier hello */
    if (conn->peer_leaf)
        return false;
    conn->resumed = X509_up_ref(leaf);
    conn->peer_leaf = conn->resumed ? leaf : NULL;
    if (!conn->resumed || !run_check(conn, leaf, NULL, path) || conn->verdict->decision != CG_ACCEPT ||
        !keep_path(conn)) {
        cg_verify_reset_resumed(conn);
        return false;
    }
    return true;
}
