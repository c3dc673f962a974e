/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lists of certificates in a policy: does a list contain this certificate? In O(log n). The policy owns the lists.
 * Called by the rules for deny and allow lists, and by the check for administrators. */
#ifndef CG_LIST_H
#define CG_LIST_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

/* exactly one way of identifying a certificate is set */
struct cg_certificate_match {
    const unsigned char *sha256;      /* 32 bytes over the DER certificate, or NULL */
    const unsigned char *spki_sha256; /* 32 bytes over the DER SubjectPublicKeyInfo, or NULL */
    const char *serial;               /* lower-case hex without leading zeros, with issuer; or NULL */
    const char *issuer;               /* RFC 4514 text, as cg_name_text writes it */
    const char *identity;             /* the user name that the policy takes from the certificate; or NULL */
    const char *note;                 /* the operator's remark, shown in the detail; may be NULL */
};

/* Sorted for cg_list_find: entries by sha256, then by spki_sha256, then by serial and issuer, then by identity. */
struct cg_certificate_list {
    struct cg_certificate_match *item;
    size_t count, by_sha256, by_spki, by_serial, by_identity;
};

/* Sorts list->item and counts its kinds. Call it once, after item and count are set. */
void cg_list_sort(struct cg_certificate_list *list);

/* The entry for the certificate; NULL if there is none, or only one by identity. *fault: the look-up failed (no memory), so
 * there is no answer. Digests are computed only if the list has entries that need them. */
const struct cg_certificate_match *cg_list_find(const struct cg_certificate_list *list, const X509 *cert, bool *fault);

/* The entry for a key without a certificate: spki_sha256 is 32 bytes, as in the entries. */
const struct cg_certificate_match *cg_list_find_key(const struct cg_certificate_list *list,
                                                    const unsigned char *spki_sha256);

/* The entry for this user name, which is not empty. The caller has taken it from a certificate by the listener's policy. */
const struct cg_certificate_match *cg_list_find_identity(const struct cg_certificate_list *list, const char *identity);

#endif
