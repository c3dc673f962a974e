/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Changing the passphrase of a key of the CA, in one change. Nothing is owned. Called by the verb passwd. */
#ifndef CG_CA_KEY_PASSPHRASE_H
#define CG_CA_KEY_PASSPHRASE_H

#include "settings.h"

struct cg_key_passphrase_request {
    const char *folder;                 /* "ca" or "root" */
    const char *passphrase;             /* the new one; NULL: the key is stored unencrypted */
    const struct cg_settings *settings; /* written too; NULL: they did not change */
};

/* The old passphrase is that of the CA's options. Before the change is committed, the new file is read again with the new
 * passphrase and compared with the certificate. In a dry run only the old passphrase is checked. */
bool cg_key_passphrase_set(const struct cg_ca *ca, const struct cg_key_passphrase_request *request,
                           struct cg_error *err);

#endif
