/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "list.h"

#include "name.h"

#include <openssl/evp.h>
#include <string.h>

struct identity {
    unsigned char sha256[EVP_MAX_MD_SIZE], spki_sha256[32];
    char serial[CG_HEX_MAX], issuer[1024];
};

static bool identify(const X509 *cert, struct identity *out)
{
    cg_serial_text(X509_get0_serialNumber(cert), out->serial, sizeof out->serial);
    return cg_name_text(X509_get_issuer_name(cert), out->issuer, sizeof out->issuer) &&
           X509_digest(cert, EVP_sha256(), out->sha256, NULL) == 1 && cg_spki_sha256(cert, out->spki_sha256);
}

static bool is_named(const struct cg_certificate_match *match, const struct identity *id)
{
    if (match->sha256)
        return memcmp(match->sha256, id->sha256, 32) == 0;
    if (match->spki_sha256)
        return memcmp(match->spki_sha256, id->spki_sha256, 32) == 0;
    return match->serial && match->issuer && strcmp(match->serial, id->serial) == 0 &&
           strcmp(match->issuer, id->issuer) == 0;
}

const struct cg_certificate_match *cg_list_find(const struct cg_certificate_list *list, const X509 *cert, bool *fault)
{
    struct identity id;
    *fault = false;
    if (list->count == 0)
        return NULL;
    *fault = !identify(cert, &id);
    for (size_t i = 0; !*fault && i < list->count; i++)
        if (is_named(&list->item[i], &id))
            return &list->item[i];
    return NULL;
}
