/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "sessions.h"

#include "broker/session/session.h"
#include "table.h"

#include "core/renewal/question.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX 32 /* that wait for one client; one that floods needs no more */

struct cg_answer {
    struct cg_answer *next;
    char topic[sizeof CG_RENEW_TOPIC + 20];
    size_t len;
    unsigned char payload[];
};

bool cg_sessions_init(struct cg_sessions *sessions)
{
    memset(sessions, 0, sizeof *sessions);
    return cg_hashtable_init(&sessions->by_certificate);
}

void cg_sessions_free(struct cg_sessions *sessions)
{
    for (size_t i = 0; i < sessions->by_certificate.nchains; i++)
        while (sessions->by_certificate.chain[i])
            cg_sessions_forget(
                sessions, CG_OWNER(sessions->by_certificate.chain[i], struct cg_renewal_session, by_certificate)->conn);
    cg_hashtable_free(&sessions->by_certificate);
}

struct cg_renewal_session *cg_sessions_of(struct cg_sessions *sessions, struct cg_conn *conn)
{
    struct cg_renewal_session *session = conn->session->renewal;
    if (session)
        return session;
    session = calloc(1, sizeof *session);
    if (!session || X509_digest(conn->peer_leaf, EVP_sha256(), session->certificate, NULL) != 1) {
        free(session);
        return NULL;
    }
    session->conn = conn;
    session->end = &session->first;
    cg_hashtable_add(&sessions->by_certificate, &session->by_certificate, cg_digest_hash(session->certificate));
    conn->session->renewal = session;
    return session;
}

static struct cg_answer *take_answer(struct cg_renewal_session *session)
{
    struct cg_answer *answer = session->first;
    if (!answer)
        return NULL;
    session->first = answer->next;
    if (!session->first)
        session->end = &session->first;
    session->count--;
    return answer;
}

static void drop_answers(struct cg_renewal_session *session)
{
    for (struct cg_answer *answer = take_answer(session); answer; answer = take_answer(session))
        free(answer);
}

void cg_sessions_forget(struct cg_sessions *sessions, const struct cg_conn *conn)
{
    struct cg_renewal_session *session = conn->session ? conn->session->renewal : NULL;
    if (!session)
        return;
    conn->session->renewal = NULL;
    drop_answers(session);
    cg_queue_remove(&session->young);
    cg_queue_remove(&session->ready);
    cg_hashtable_remove(&sessions->by_certificate, &session->by_certificate);
    free(session);
}

static struct cg_renewal_session *same_certificate(struct cg_node *node, const unsigned char *digest)
{
    for (; node; node = cg_node_next(node)) {
        struct cg_renewal_session *session = CG_OWNER(node, struct cg_renewal_session, by_certificate);
        if (memcmp(session->certificate, digest, CG_DIGEST_BYTES) == 0)
            return session;
    }
    return NULL;
}

struct cg_renewal_session *cg_sessions_of_certificate(const struct cg_sessions *sessions, const unsigned char *digest)
{
    return same_certificate(cg_hashtable_find(&sessions->by_certificate, cg_digest_hash(digest)), digest);
}

struct cg_renewal_session *cg_session_next(const struct cg_renewal_session *session)
{
    return same_certificate(cg_node_next(&session->by_certificate), session->certificate);
}

void cg_sessions_watch(struct cg_sessions *sessions, struct cg_renewal_session *session, int64_t now_ms)
{
    session->since_ms = now_ms;
    cg_queue_append(&sessions->young, &session->young);
}

struct cg_renewal_session *cg_sessions_lived(struct cg_sessions *sessions, int64_t now_ms)
{
    struct cg_queue_node *first = sessions->young.first;
    struct cg_renewal_session *session = first ? CG_OWNER(first, struct cg_renewal_session, young) : NULL;
    if (!session || now_ms - session->since_ms < CG_LIVED_MS)
        return NULL;
    cg_queue_remove(&session->young);
    return session;
}

void cg_sessions_answer(struct cg_sessions *sessions, struct cg_renewal_session *session, const char *kind,
                        const void *payload, size_t len)
{
    struct cg_answer *answer = session->count < ANSWERS_MAX ? calloc(1, sizeof *answer + len) : NULL;
    if (!answer)
        return;
    snprintf(answer->topic, sizeof answer->topic, CG_RENEW_TOPIC "/%s", kind);
    answer->len = len;
    if (len)
        memcpy(answer->payload, payload, len);
    *session->end = answer;
    session->end = &answer->next;
    session->count++;
    cg_queue_append(&sessions->ready, &session->ready);
}

void cg_sessions_send(struct cg_sessions *sessions, const struct cg_client_map *clients, cg_send_fn send)
{
    while (sessions->ready.first) {
        struct cg_renewal_session *session = CG_OWNER(sessions->ready.first, struct cg_renewal_session, ready);
        const struct cg_claim *claim = session->conn->session->claim;
        bool owned = claim && cg_client_map_owns(clients, claim);
        for (struct cg_answer *answer = take_answer(session); answer; answer = take_answer(session)) {
            if (owned)
                send(claim->client_id, answer->topic, answer->payload, answer->len);
            free(answer);
        }
        cg_queue_remove(&session->ready);
    }
}
