/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lists of certificates in a policy: is this one named there? In log n of the entries. Lists are borrowed.
 * Called by the rules on deny and allow lists, and by whoever asks for administrators. */
#ifndef CG_LIST_H
#define CG_LIST_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

/* one way of naming a certificate is set */
struct cg_certificate_match {
    const unsigned char *sha256;      /* 32 bytes over the DER certificate, or NULL */
    const unsigned char *spki_sha256; /* 32 bytes over the DER SubjectPublicKeyInfo, or NULL */
    const char *serial;               /* lower-case hex without leading zeros, with issuer; or NULL */
    const char *issuer;               /* RFC 4514 text as cg_name_text writes it */
    const char *note;                 /* the operator's remark, may be NULL; shown in the detail */
};

/* Sorted for cg_list_find: first those by sha256, then those by spki_sha256, then those by serial and issuer. */
struct cg_certificate_list {
    struct cg_certificate_match *item;
    size_t count, by_sha256, by_spki;
};

/* Puts list->item in order and counts its kinds: once, when item and count are set. */
void cg_list_sort(struct cg_certificate_list *list);

/* The entry that names the certificate; NULL: none does. *fault: it could not be looked up (no memory), which is no
 * answer. Digests are made only where the list has entries that ask for them. */
const struct cg_certificate_match *cg_list_find(const struct cg_certificate_list *list, const X509 *cert, bool *fault);

#endif
