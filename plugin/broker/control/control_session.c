/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "control_session.h"

#include "broker/monitor/sysinfo.h"
#include "broker/session/recheck.h"
#include "broker/session/session.h"

#include "core/cert/name.h"

static void add_time(cJSON *object, const char *key, int64_t when)
{
    char text[32];
    cg_time_text(when, text, sizeof text);
    if (*text)
        cJSON_AddStringToObject(object, key, text);
}

static void add_asn1_time(cJSON *object, const char *key, const ASN1_TIME *time)
{
    int64_t when = 0;
    if (cg_time_seconds(time, &when))
        add_time(object, key, when);
}

bool cg_control_is_session(const struct cg_conn *conn)
{
    return conn->state == CG_CONN_ESTABLISHED && conn->role == CG_ROLE_LISTENER && !conn->session->ending;
}

cJSON *cg_control_certificate(const X509 *certificate)
{
    char name[400], serial[CG_HEX_MAX], sha256[CG_HEX_MAX];
    cJSON *object = cJSON_CreateObject();
    if (cg_name_text(X509_get_subject_name(certificate), name, sizeof name))
        cJSON_AddStringToObject(object, "subject", name);
    if (cg_name_text(X509_get_issuer_name(certificate), name, sizeof name))
        cJSON_AddStringToObject(object, "issuer", name);
    cg_serial_text(X509_get0_serialNumber(certificate), serial, sizeof serial);
    cJSON_AddStringToObject(object, "serial", serial);
    if (cg_sha256_text(certificate, sha256))
        cJSON_AddStringToObject(object, "sha256", sha256);
    add_asn1_time(object, "not_before", X509_get0_notBefore(certificate));
    add_asn1_time(object, "not_after", X509_get0_notAfter(certificate));
    return object;
}

cJSON *cg_control_session(const struct cg_conn *conn, int64_t now)
{
    char id[CG_CONN_ID_MAX], peer[CG_PEER_TEXT_MAX];
    cJSON *object = cJSON_CreateObject();
    cg_conn_id(conn, id);
    cg_conn_peer_text(conn, peer);
    cJSON_AddStringToObject(object, "conn", id);
    if (conn->session->client_id)
        cJSON_AddStringToObject(object, "client_id", conn->session->client_id);
    cJSON_AddStringToObject(object, "peer", peer);
    cJSON_AddNumberToObject(object, "listener", conn->listener);
    cJSON_AddStringToObject(object, "version", conn->version ? conn->version : "");
    cJSON_AddStringToObject(object, "cipher", conn->cipher ? conn->cipher : "");
    if (conn->not_after != CG_TIME_NO_END) {
        add_time(object, "until", conn->not_after);
        cJSON_AddNumberToObject(object, "days", (double)cg_days_until(conn->not_after, now));
    }
    if (conn->snapshot)
        cJSON_AddNumberToObject(object, "snapshot", (double)conn->snapshot->number);
    if (conn->peer_leaf)
        cJSON_AddItemToObject(object, "cert", cg_control_certificate(conn->peer_leaf));
    return object;
}

static void add_findings(cJSON *object, const struct cg_verdict *verdict)
{
    cJSON *list = cJSON_AddArrayToObject(object, "findings");
    for (int i = 0; i < verdict->nfindings; i++) {
        const struct cg_finding *finding = &verdict->findings[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "reason", cg_reason_row(finding->reason)->code);
        cJSON_AddStringToObject(item, "mode", finding->mode == CG_AUDIT ? "audit" : "enforce");
        cJSON_AddNumberToObject(item, "depth", finding->depth);
        cJSON_AddStringToObject(item, "detail", finding->detail);
        cJSON_AddStringToObject(item, "fix", cg_reason_fix(finding->reason, CG_OF_CLIENT));
        cJSON_AddItemToArray(list, item);
    }
}

cJSON *cg_control_explain(const struct cg_conn *conn, const struct cg_snapshot *current, int64_t now)
{
    struct cg_recheck_subject subject = {0};
    struct cg_verdict verdict;
    cJSON *object = cg_control_session(conn, now);
    if (!object || !cg_recheck_subject_of(conn, &subject)) {
        cg_recheck_subject_clear(&subject);
        cJSON_Delete(object);
        return NULL;
    }
    cg_recheck_run(current, &subject, now, &verdict);
    cJSON_AddBoolToObject(object, "accepted", verdict.decision == CG_ACCEPT);
    cJSON_AddStringToObject(object, "reason", cg_reason_row(verdict.reason)->code);
    if (*verdict.detail)
        cJSON_AddStringToObject(object, "detail", verdict.detail);
    add_findings(object, &verdict);
    cJSON *path = cJSON_AddArrayToObject(object, "path");
    const STACK_OF(X509) *certificates = verdict.path ? verdict.path : subject.path;
    for (int i = 0; i < sk_X509_num(certificates); i++)
        cJSON_AddItemToArray(path, cg_control_certificate(sk_X509_value(certificates, i)));
    cg_verdict_clear(&verdict);
    cg_recheck_subject_clear(&subject);
    return object;
}
