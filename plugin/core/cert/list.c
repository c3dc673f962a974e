/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "list.h"

#include "name.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SIZE 32

static int by_sha256(const void *a, const void *b)
{
    const struct cg_certificate_match *x = a, *y = b;
    return memcmp(x->sha256, y->sha256, DIGEST_SIZE);
}

static int by_spki(const void *a, const void *b)
{
    const struct cg_certificate_match *x = a, *y = b;
    return memcmp(x->spki_sha256, y->spki_sha256, DIGEST_SIZE);
}

static int by_serial(const void *a, const void *b)
{
    const struct cg_certificate_match *x = a, *y = b;
    return strcmp(x->serial, y->serial);
}

static int by_name(const void *a, const void *b)
{
    const struct cg_certificate_match *x = a, *y = b;
    int order = by_serial(a, b);
    return order ? order : strcmp(x->issuer, y->issuer);
}

static int by_identity(const void *a, const void *b)
{
    const struct cg_certificate_match *x = a, *y = b;
    return strcmp(x->identity, y->identity);
}

/* An entry identifies its certificate in one way, which is its kind. */
static int kind_of(const struct cg_certificate_match *match)
{
    return match->sha256 ? 0 : match->spki_sha256 ? 1 : match->serial ? 2 : 3;
}

static int in_order(const void *a, const void *b)
{
    static int (*const within[])(const void *, const void *) = {by_sha256, by_spki, by_name, by_identity};
    int kind = kind_of(a), other = kind_of(b);
    return kind != other ? kind - other : within[kind](a, b);
}

void cg_list_sort(struct cg_certificate_list *list)
{
    size_t *const counts[] = {&list->by_sha256, &list->by_spki, &list->by_serial, &list->by_identity};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        *counts[i] = 0;
    if (list->count)
        qsort(list->item, list->count, sizeof *list->item, in_order);
    for (size_t i = 0; i < list->count; i++)
        ++*counts[kind_of(&list->item[i])];
}

static const struct cg_certificate_match *find(const struct cg_certificate_match *key,
                                               const struct cg_certificate_match *item, size_t count,
                                               int (*order)(const void *, const void *))
{
    return bsearch(key, item, count, sizeof *item, order);
}

/* Printing a name costs more than the search, so it is done only if the serial number is in the list. */
static const struct cg_certificate_match *find_by_name(const struct cg_certificate_match *item, size_t count,
                                                       const X509 *cert, bool *fault)
{
    char serial[CG_HEX_MAX], issuer[1024];
    const struct cg_certificate_match key = {.serial = serial, .issuer = issuer};
    cg_serial_text(X509_get0_serialNumber(cert), serial, sizeof serial);
    if (!find(&key, item, count, by_serial))
        return NULL;
    *fault = !cg_name_text(X509_get_issuer_name(cert), issuer, sizeof issuer);
    return *fault ? NULL : find(&key, item, count, by_name);
}

const struct cg_certificate_match *cg_list_find(const struct cg_certificate_list *list, const X509 *cert, bool *fault)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    const struct cg_certificate_match key = {.sha256 = digest, .spki_sha256 = digest}, *item = list->item;
    const struct cg_certificate_match *found = NULL;
    *fault = false;
    if (list->by_sha256) {
        *fault = X509_digest(cert, EVP_sha256(), digest, NULL) != 1;
        found = *fault ? NULL : find(&key, item, list->by_sha256, by_sha256);
    }
    if (!found && !*fault && list->by_spki) {
        *fault = !cg_spki_sha256(cert, digest);
        found = *fault ? NULL : find(&key, item + list->by_sha256, list->by_spki, by_spki);
    }
    if (!found && !*fault && list->by_serial)
        found = find_by_name(item + list->by_sha256 + list->by_spki, list->by_serial, cert, fault);
    return found;
}

const struct cg_certificate_match *cg_list_find_key(const struct cg_certificate_list *list,
                                                    const unsigned char *spki_sha256)
{
    const struct cg_certificate_match key = {.spki_sha256 = spki_sha256};
    return list->by_spki ? find(&key, list->item + list->by_sha256, list->by_spki, by_spki) : NULL;
}

const struct cg_certificate_match *cg_list_find_identity(const struct cg_certificate_list *list, const char *identity)
{
    const struct cg_certificate_match key = {.identity = identity};
    if (!*identity || !list->by_identity)
        return NULL;
    return find(&key, list->item + list->count - list->by_identity, list->by_identity, by_identity);
}
