/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Making a CA: a root, an optional intermediate, their keys, empty CRLs and an empty index, in one change.
 * Called by init, which owns the structs; the strings are borrowed. */
#ifndef CG_CA_CREATE_H
#define CG_CA_CREATE_H

#include "names.h"
#include "settings.h"
#include "store/store.h"

struct cg_create_request {
    struct cg_subject subject; /* common_name NULL: "MQTT CA"; with an intermediate " Root" and " Issuing" follow it */
    const char *key_type;      /* of CG_KEY_TYPES; NULL: p256 */
    const char *key_uri;       /* of the existing key of the issuing CA; NULL: a new key */
    bool intermediate;
    struct cg_permitted permitted;           /* name constraints of the root */
    int64_t lifetime, intermediate_lifetime; /* s; 0: the profile's */
    bool path_length_is_given;
    int path_length;                    /* of the root; not given: leaves room for one more CA */
    const char *passphrase;             /* encrypts ca/key.pem; NULL: unencrypted */
    const char *root_passphrase;        /* encrypts root/key.pem, if there is an intermediate */
    int64_t crl_lifetime;               /* s, of the first CRL of the issuing CA; 0: the default */
    const struct cg_settings *settings; /* written too; NULL: none */
};

struct cg_created {
    X509 *root, *issuing; /* issuing: the intermediate; NULL without one. Owned */
};

/* ca was opened with CG_CA_CREATE; open it again to use the new CA. Nothing is written in a dry run. */
bool cg_ca_create(const struct cg_ca *ca, const struct cg_create_request *wanted, struct cg_created *created,
                  struct cg_error *err);
void cg_created_clear(struct cg_created *created);

#endif
