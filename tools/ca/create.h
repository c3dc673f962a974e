/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Making a CA: a root, an intermediate below it where one is asked for, their keys, empty CRLs and the database of what is
 * issued, in one change. Called by init, which owns the structs; the strings are borrowed. */
#ifndef CG_CA_CREATE_H
#define CG_CA_CREATE_H

#include "names.h"
#include "store/store.h"

struct cg_create_request {
    struct cg_subject subject; /* common_name NULL: "MQTT CA"; with an intermediate " Root" and " Issuing" follow it */
    const char *key_type;      /* of CG_KEY_TYPES; NULL: p256 */
    const char *key_uri;       /* the key of the CA that issues is there; NULL: a new one */
    bool intermediate;
    struct cg_permitted permitted;           /* name constraints of the root */
    int64_t lifetime, intermediate_lifetime; /* s; 0: the profile's */
    bool path_length_is_given;
    int path_length;             /* of the root; not given: room for one CA more than are made */
    const char *passphrase;      /* seals ca/key.pem; NULL: in the clear */
    const char *root_passphrase; /* seals root/key.pem, where there is an intermediate */
};

struct cg_created {
    X509 *root, *issuing; /* issuing: the intermediate; NULL without one. Owned */
};

/* ca was opened with CG_CA_CREATE, and is opened again to work with the new CA. Nothing is written in a dry run. */
bool cg_ca_create(const struct cg_ca *ca, const struct cg_create_request *wanted, struct cg_created *created,
                  struct cg_error *err);
void cg_created_clear(struct cg_created *created);

#endif
