/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "session.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define FINGERPRINT_SIZE 32
#define FIRST_BUCKETS    64

struct session {
    struct session *next, **place; /* in its bucket; place: what points here */
    const struct cg_conn *conn;
    unsigned char fingerprint[FINGERPRINT_SIZE];
};

struct cg_sessions {
    struct session **bucket;
    size_t nbuckets, count;
};

struct cg_sessions *cg_sessions_new(void)
{
    struct cg_sessions *sessions = calloc(1, sizeof *sessions);
    if (!sessions)
        return NULL;
    sessions->nbuckets = FIRST_BUCKETS;
    sessions->bucket = calloc(sessions->nbuckets, sizeof *sessions->bucket);
    if (!sessions->bucket) {
        free(sessions);
        return NULL;
    }
    return sessions;
}

void cg_sessions_free(struct cg_sessions *sessions)
{
    if (!sessions)
        return;
    for (size_t i = 0; i < sessions->nbuckets; i++) {
        while (sessions->bucket[i]) {
            struct session *session = sessions->bucket[i];
            sessions->bucket[i] = session->next;
            free(session);
        }
    }
    free(sessions->bucket);
    free(sessions);
}

size_t cg_sessions_count(const struct cg_sessions *sessions)
{
    return sessions->count;
}

static bool fingerprint_of(const struct cg_conn *conn, unsigned char out[FINGERPRINT_SIZE])
{
    unsigned len = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    memset(out, 0, FINGERPRINT_SIZE);
    if (!conn->peer_leaf || X509_digest(conn->peer_leaf, EVP_sha256(), digest, &len) != 1 || len != FINGERPRINT_SIZE)
        return false;
    memcpy(out, digest, FINGERPRINT_SIZE);
    return true;
}

/* The digest is random enough to be its own hash. */
static size_t bucket_of(const struct cg_sessions *sessions, const unsigned char fingerprint[FINGERPRINT_SIZE])
{
    size_t hash;
    memcpy(&hash, fingerprint, sizeof hash);
    return hash & (sessions->nbuckets - 1);
}

static void put(struct cg_sessions *sessions, struct session *session)
{
    session->place = &sessions->bucket[bucket_of(sessions, session->fingerprint)];
    session->next = *session->place;
    if (session->next)
        session->next->place = &session->next;
    *session->place = session;
}

/* Keeps chains short. Without memory they grow longer, which is only slower. */
static void grow(struct cg_sessions *sessions)
{
    struct cg_sessions bigger = {NULL, sessions->nbuckets * 2, sessions->count};
    bigger.bucket = calloc(bigger.nbuckets, sizeof *bigger.bucket);
    if (!bigger.bucket)
        return;
    for (size_t i = 0; i < sessions->nbuckets; i++) {
        while (sessions->bucket[i]) {
            struct session *session = sessions->bucket[i];
            sessions->bucket[i] = session->next;
            put(&bigger, session);
        }
    }
    free(sessions->bucket);
    *sessions = bigger;
}

const char *cg_sessions_other(const struct cg_sessions *sessions, const struct cg_conn *conn, const char *client_id)
{
    unsigned char fingerprint[FINGERPRINT_SIZE];
    if (!fingerprint_of(conn, fingerprint))
        return NULL;
    const struct session *session = sessions->bucket[bucket_of(sessions, fingerprint)];
    for (; session; session = session->next)
        if (session->conn != conn && memcmp(session->fingerprint, fingerprint, FINGERPRINT_SIZE) == 0 &&
            strcmp(session->conn->client_id, client_id) != 0)
            return session->conn->client_id;
    return NULL;
}

bool cg_sessions_add(struct cg_sessions *sessions, struct cg_conn *conn, const char *client_id)
{
    unsigned char fingerprint[FINGERPRINT_SIZE];
    bool has_certificate = fingerprint_of(conn, fingerprint);
    char *copy = strdup(client_id);
    struct session *session = has_certificate ? calloc(1, sizeof *session) : NULL;
    if (!copy || (has_certificate && !session)) {
        free(copy);
        free(session);
        return false;
    }
    cg_sessions_drop(sessions, conn);
    free(conn->client_id);
    conn->client_id = copy;
    if (!has_certificate)
        return true;
    memcpy(session->fingerprint, fingerprint, FINGERPRINT_SIZE);
    session->conn = conn;
    conn->broker_data = session;
    if (sessions->count >= sessions->nbuckets)
        grow(sessions);
    put(sessions, session);
    sessions->count++;
    return true;
}

void cg_sessions_drop(struct cg_sessions *sessions, struct cg_conn *conn)
{
    struct session *session = conn->broker_data;
    if (!session)
        return;
    *session->place = session->next;
    if (session->next)
        session->next->place = session->place;
    sessions->count--;
    conn->broker_data = NULL;
    free(session);
}
