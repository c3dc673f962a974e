/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The syntax of the names that certificates hold, and of the bases of name constraints (RFC 5280 4.2.1.6, 4.2.1.10).
 * Octets are the caller's and need no terminator; results point into them. Called by the rules on names. */
#ifndef CG_NAME_SYNTAX_H
#define CG_NAME_SYNTAX_H

#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>

struct cg_octets {
    const char *p;
    size_t len;
};

struct cg_octets cg_octets_of(const ASN1_STRING *string);

/* RFC 1034 3.5 and RFC 1123 2.1, with underscores: labels of 1 to 63 octets, no dot at the end, 253 octets at most. */
bool cg_dns_is_well_formed(struct cg_octets name);

/* RFC 9525 6.3: a DNS name whose whole left-most label may be "*". */
bool cg_dns_san_is_well_formed(struct cg_octets name);

/* RFC 5321 4.1.2: Mailbox, with a DNS name as its domain. local and host may be NULL; set when it is well-formed.
 * A quoted local part keeps its quotes. */
bool cg_mailbox_is_well_formed(struct cg_octets name, struct cg_octets *local, struct cg_octets *host);

/* RFC 3986 2, 3: a scheme, a colon, something; no other characters than those of a URI. */
bool cg_uri_is_well_formed(struct cg_octets name);

/* RFC 3986 3.2.2: the host of a URI, without user information and port. False where it has none that is a DNS name. */
bool cg_uri_host(struct cg_octets name, struct cg_octets *host);

/* RFC 5280 4.2.1.6: sound, and of the syntax of its form. */
bool cg_san_is_well_formed(const GENERAL_NAME *san);

/* Whether this base of a subtree says something: RFC 5280 4.2.1.10, and the DNS name with a leading dot that everybody
 * writes. False for any form but dNSName, rfc822Name, uniformResourceIdentifier and iPAddress. */
bool cg_constraint_is_well_formed(const GENERAL_NAME *base);

#endif
