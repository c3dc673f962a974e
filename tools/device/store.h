/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The folder of a device with its certificate, which programs read by these paths:
 *
 *   privkey.pem, cert.pem, chain.pem, fullchain.pem   the current pair, which changes at once (deploy/file_set.h)
 *   ca.pem                                            the trust anchors (trust.h)
 *   .certguard/new/        privkey.pem of the next pair, 0600; and fullchain.pem once it was issued and checked
 *   .certguard/lock        one run at a time
 *
 * A folder with fullchain.pem alone, or with cert.pem and chain.pem, becomes such a folder with the first renewal. Each
 * function that writes is durable when it returns true; killed at any call, the paths lead to one whole pair.
 * The folder may be another user's: root then uses it with that user's rights until it is closed (store/owner.h).
 * The caller owns the struct. Called by steps.c. */
#ifndef CG_TOOLS_DEVICE_STORE_H
#define CG_TOOLS_DEVICE_STORE_H

#include "core/base/error.h"
#include "deploy/folder.h"
#include "store/owner.h"
#include "trust.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

struct cg_device_pair {
    EVP_PKEY *key;
    X509 *cert;
    STACK_OF(X509) *chain; /* above it, without the anchor; may be empty */
};

struct cg_device {
    struct cg_folder folder;
    struct cg_ca_owner owner;
    struct cg_file_user before;
    struct cg_folder store, fresh; /* FOLDER/.certguard and new/ in it; closed in a dry run that finds none */
    char store_path[PATH_MAX], fresh_path[PATH_MAX];
    int lock;                      /* -1: none */
    struct cg_device_pair current; /* all members are set */
    struct cg_device_pair next;    /* key NULL: none; cert NULL: not issued yet */
    struct cg_device_trust trust;
};

enum cg_device_opened { CG_DEVICE_NOT_OPENED = 0, CG_DEVICE_OPENED, CG_DEVICE_IN_USE };

/* write false: a dry run. Close it in every case. */
enum cg_device_opened cg_device_open(struct cg_device *device, const char *path, bool write, struct cg_error *err);
void cg_device_close(struct cg_device *device);

/* Sets and writes the key of the next pair; takes the key. */
bool cg_device_put_key(struct cg_device *device, EVP_PKEY *key, struct cg_error *err);

/* Sets and writes its certificate and chain; takes both. */
bool cg_device_put_issued(struct cg_device *device, X509 *cert, STACK_OF(X509) *chain, struct cg_error *err);

/* Makes the next pair current. The previous one stays on the disk until cg_device_tidy of the next run. */
bool cg_device_switch(struct cg_device *device, struct cg_error *err);

/* Deletes the next pair, certificate first. */
bool cg_device_discard(struct cg_device *device, struct cg_error *err);

/* Deletes previous pairs. */
void cg_device_tidy(const struct cg_device *device);

#endif
