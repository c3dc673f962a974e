/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The trust anchors of a device: ca.pem, and .certguard/dropped, the digests of those that were dropped, a line of hex each. What
 * was dropped is never trusted again, also if ca.pem still has it after a run that was killed. Each change is durable when its
 * function returns true. The caller owns the struct, sets the first part, and clears it. Called by store.c and anchors.c. */
#ifndef CG_TOOLS_DEVICE_TRUST_H
#define CG_TOOLS_DEVICE_TRUST_H

#include "deploy/folder.h"

#include <openssl/x509.h>
#include <stdbool.h>

#define CG_DEVICE_DIGEST 32

struct cg_device_trust {
    const struct cg_folder *folder, *store; /* FOLDER and .certguard in it, which may be closed; borrowed */
    bool may_write;

    STACK_OF(X509) *anchors; /* at least one; without those that were dropped */
    unsigned char *dropped;
    size_t ndropped;
};

bool cg_device_trust_read(struct cg_device_trust *trust, struct cg_error *err);
void cg_device_trust_clear(struct cg_device_trust *trust);

/* Adds an anchor, with a reference; or removes and remembers the one with this digest. */
bool cg_device_add_anchor(struct cg_device_trust *trust, X509 *root, struct cg_error *err);
bool cg_device_drop_anchor(struct cg_device_trust *trust, const unsigned char digest[CG_DEVICE_DIGEST],
                           struct cg_error *err);

#endif
