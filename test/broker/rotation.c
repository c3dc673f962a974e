/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "rotation.h"

#include "lib/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 5000

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static const char *const policy = "{\"trust\": {\"anchors\": \"anchors.pem\", \"intermediates\": "
                                  "\"intermediates.pem\", \"crls\": \"crl.pem\"},"
                                  " \"log\": {\"file\": \"events.jsonl\"},"
                                  " \"credential\": {\"chain\": \"live/chain.pem\", \"key\": \"live/key.pem\"},"
                                  " \"server\": {\"names\": [\"localhost\"]}";

void write_whole_policy(const struct world *w, const char *text)
{
    cg_broker_write(w->broker, "policy.new", text);
    move(w, "policy.new", "policy.json");
}

void write_policy(const struct world *w, const char *more)
{
    char text[1024];
    snprintf(text, sizeof text, "%s%s}", policy, more);
    write_whole_policy(w, text);
}

void in_folder(const struct world *w, const char *name, char path[700])
{
    snprintf(path, 700, "%s/%s", w->folder, name);
}

/* Writes the pair NAME into a folder of its own. */
void write_pair(const struct world *w, const char *folder, const char *name)
{
    char path[700];
    in_folder(w, folder, path);
    mkdir(path, 0700);
    cg_pki_write(w->pki, path, "chain.pem", name);
    cg_pki_write_key(w->pki, path, "key.pem", name);
}

void move(const struct world *w, const char *from, const char *to)
{
    char a[700], b[700];
    in_folder(w, from, a);
    in_folder(w, to, b);
    if (rename(a, b) != 0)
        perror(b);
}

void make_folder(const struct world *w, const char *name)
{
    char path[700];
    in_folder(w, name, path);
    if (mkdir(path, 0700) != 0)
        perror(path);
}

void link_to(const struct world *w, const char *name, const char *target)
{
    char path[700], other[700];
    in_folder(w, "link.new", other);
    in_folder(w, name, path);
    unlink(other);
    if (symlink(target, other) != 0 || rename(other, path) != 0)
        perror(path);
}

/* with its name as client id, or another one: the same client id takes over the session */
void connect_with_id(const struct world *w, const char *name, const char *id, struct cg_client_result *result)
{
    struct cg_client_spec spec = {.port = cg_broker_port(w->broker), .client_id = id, .mqtt5 = true};
    if (name) {
        spec.leaf = cg_pki_cert(w->pki, name);
        spec.key = cg_pki_key(w->pki, name);
    }
    cg_client_connect(&spec, result);
}

void connect_as(const struct world *w, const char *name, struct cg_client_result *result)
{
    connect_with_id(w, name, name, result);
}

bool let_in(const struct world *w, const char *name)
{
    struct cg_client_result result;
    char id[80];
    snprintf(id, sizeof id, "probe-%s", name); /* an id is its holder's */
    connect_with_id(w, name, id, &result);
    bool in = result.accepted;
    cg_client_close(&result);
    return in;
}

bool serves(const struct world *w, const char *name)
{
    struct cg_client_result result;
    connect_as(w, "good", &result);
    X509 *served = result.accepted ? SSL_get0_peer_certificate(result.ssl) : NULL;
    bool same = served && X509_cmp(served, cg_pki_cert(w->pki, name)) == 0;
    cg_client_close(&result);
    return same;
}

/* ms until the broker serves it, or -1 */
int64_t served_after(const struct world *w, const char *name)
{
    int64_t start = now_ms();
    while (now_ms() - start < PATIENCE_MS) {
        if (serves(w, name))
            return now_ms() - start;
        pause_ms(20);
    }
    return -1;
}

int64_t client_after(const struct world *w, const char *name, bool in)
{
    int64_t start = now_ms();
    while (now_ms() - start < PATIENCE_MS) {
        if (let_in(w, name) == in)
            return now_ms() - start;
        pause_ms(20);
    }
    return -1;
}

size_t count_events(const struct world *w, const char *event)
{
    char *text = cg_broker_read(w->broker, CG_BROKER_EVENTS), needle[100];
    size_t count = 0;
    snprintf(needle, sizeof needle, "\"event\":\"%s\"", event);
    for (const char *at = text; (at = strstr(at, needle)); at++)
        count++;
    free(text);
    return count;
}

bool events_hold(const struct world *w, const char *words)
{
    char *text = cg_broker_read(w->broker, CG_BROKER_EVENTS);
    bool found = strstr(text, words) != NULL;
    free(text);
    return found;
}

bool in_time(int64_t ms)
{
    return ms >= 0 && ms <= WITHIN_MS;
}

bool event_comes(const struct world *w, const char *event, size_t count)
{
    int64_t start = now_ms();
    while (count_events(w, event) < count && now_ms() - start < PATIENCE_MS)
        pause_ms(50);
    return count_events(w, event) >= count;
}

void rotation_start(struct world *w, const char *label)
{
    signal(SIGPIPE, SIG_IGN); /* sessions that the broker ended are closed once more */
    w->pki_start = time(NULL);
    w->pki = cg_pki_new(w->pki_start);
    cg_pki_make(w->pki,
                "root: ca cn=root\nserver1: server issuer=root\ngood: issuer=root serial=42\n"
                "victim: issuer=root\ninter: ca issuer=root cn=inter\ncrl1: crl issuer=root number=1 revoke=0x1267");
    w->broker = cg_broker_new(label);
    w->folder = cg_broker_folder(w->broker);
    cg_pki_write_folder(w->pki, w->folder, "root", "server1", "");
    cg_pki_write(w->pki, w->folder, "anchors.pem", "root");
    cg_pki_write(w->pki, w->folder, "intermediates.pem", "inter");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl1");
    write_pair(w, "v1", "server1");
    link_to(w, "live", "v1");
    write_policy(w, "");
}

void rotation_free(struct world *w, bool keep_folder)
{
    cg_broker_free(w->broker, keep_folder);
    cg_pki_free(w->pki);
}

int rotation_end(struct world *w)
{
    int status = cg_tap_done();
    rotation_free(w, status != 0);
    return status;
}
