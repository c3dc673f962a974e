/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "devices.h"

#include "warning_cache.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

struct cg_devices {
    unsigned char seed[16]; /* so that nobody can choose where certificates go in the table */
    struct cg_warning_cache *now, *before;
    int64_t since_ms; /* of now; 0: not begun */
};

struct cg_devices *cg_devices_new(void)
{
    struct cg_devices *devices = calloc(1, sizeof *devices);
    if (!devices)
        return NULL;
    devices->now = cg_warning_cache_new();
    if (devices->now && RAND_bytes(devices->seed, sizeof devices->seed) == 1)
        return devices;
    cg_devices_free(devices);
    return NULL;
}

void cg_devices_free(struct cg_devices *devices)
{
    if (!devices)
        return;
    cg_warning_cache_free(devices->now);
    cg_warning_cache_free(devices->before);
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

static void grow_old(struct cg_devices *devices, int64_t now_ms)
{
    if (!devices->since_ms)
        devices->since_ms = now_ms;
    if (now_ms - devices->since_ms < CG_DEVICES_KEEP_MS)
        return;
    struct cg_warning_cache *fresh = cg_warning_cache_new();
    if (!fresh)
        return; /* again next time */
    cg_warning_cache_free(devices->before);
    devices->before = devices->now;
    devices->now = fresh;
    if (now_ms - devices->since_ms >= 2 * CG_DEVICES_KEEP_MS) {
        cg_warning_cache_free(devices->before);
        devices->before = NULL;
    }
    devices->since_ms = now_ms;
}

bool cg_devices_known(struct cg_devices *devices, const unsigned char key[CG_DEVICE_KEY], int64_t now_ms)
{
    grow_old(devices, now_ms);
    return cg_warning_cache_has(devices->now, key) || (devices->before && cg_warning_cache_has(devices->before, key));
}

void cg_devices_add(struct cg_devices *devices, const unsigned char key[CG_DEVICE_KEY])
{
    (void)cg_warning_cache_raise(devices->now, key, 1);
}
