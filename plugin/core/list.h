/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lists of certificates in a policy: is this one named there? In log n of the entries. Lists are borrowed.
 * Called by the rules on deny and allow lists, and by whoever asks for administrators. */
#ifndef CG_LIST_H
#define CG_LIST_H

#include "policy.h"

#include <openssl/x509.h>

/* Puts list->item in order and counts its kinds: once, when item and count are set. */
void cg_list_sort(struct cg_certificate_list *list);

/* The entry that names the certificate; NULL: none does. *fault: it could not be looked up (no memory), which is no
 * answer. Digests are made only where the list has entries that ask for them. */
const struct cg_certificate_match *cg_list_find(const struct cg_certificate_list *list, const X509 *cert, bool *fault);

#endif
