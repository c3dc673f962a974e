/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "devices.h"

#include "warning_cache.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

struct cg_devices {
    unsigned char seed[16]; /* prevents peers from choosing positions in the table */
    struct cg_warning_cache *current, *previous;
    int64_t started_ms; /* of the current generation; 0: not started */
};

struct cg_devices *cg_devices_new(void)
{
    struct cg_devices *devices = calloc(1, sizeof *devices);
    if (!devices)
        return NULL;
    devices->current = cg_warning_cache_new();
    if (devices->current && RAND_bytes(devices->seed, sizeof devices->seed) == 1)
        return devices;
    cg_devices_free(devices);
    return NULL;
}

void cg_devices_free(struct cg_devices *devices)
{
    if (!devices)
        return;
    cg_warning_cache_free(devices->current);
    cg_warning_cache_free(devices->previous);
    free(devices);
}

bool cg_devices_key(const struct cg_devices *devices, const struct cg_event *event, unsigned char key[CG_DEVICE_KEY])
{
    unsigned char leaf[EVP_MAX_MD_SIZE];
    unsigned leaf_len = 0;
    const X509 *certificate = event->conn && event->conn->peer_leaf ? event->conn->peer_leaf : NULL;
    const uint32_t what[] = {(uint32_t)event->type, (uint32_t)event->reason, certificate ? 1 : 0};
    if (certificate ? X509_digest(certificate, EVP_sha256(), leaf, &leaf_len) != 1 : !event->client_id)
        return false;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool ok = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(digest, devices->seed, sizeof devices->seed) == 1 &&
              EVP_DigestUpdate(digest, what, sizeof what) == 1 &&
              (certificate ? EVP_DigestUpdate(digest, leaf, leaf_len)
                           : EVP_DigestUpdate(digest, event->client_id, strlen(event->client_id))) == 1 &&
              EVP_DigestFinal_ex(digest, key, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return ok;
}

static void rotate(struct cg_devices *devices, int64_t now_ms)
{
    if (!devices->started_ms)
        devices->started_ms = now_ms;
    if (now_ms - devices->started_ms < CG_DEVICES_KEEP_MS)
        return;
    struct cg_warning_cache *empty = cg_warning_cache_new();
    if (!empty)
        return; /* retried at the next call */
    cg_warning_cache_free(devices->previous);
    devices->previous = devices->current;
    devices->current = empty;
    if (now_ms - devices->started_ms >= 2 * CG_DEVICES_KEEP_MS) {
        cg_warning_cache_free(devices->previous);
        devices->previous = NULL;
    }
    devices->started_ms = now_ms;
}

bool cg_devices_known(struct cg_devices *devices, const unsigned char key[CG_DEVICE_KEY], int64_t now_ms)
{
    rotate(devices, now_ms);
    return cg_warning_cache_has(devices->current, key) ||
           (devices->previous && cg_warning_cache_has(devices->previous, key));
}

void cg_devices_add(struct cg_devices *devices, const unsigned char key[CG_DEVICE_KEY])
{
    (void)cg_warning_cache_raise(devices->current, key, 1);
}
