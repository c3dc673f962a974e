/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The syntax of names in certificates and of the bases of name constraints (RFC 5280 4.2.1.6, 4.2.1.10). The caller
 * owns the octets, which need no terminator; results point into them. Called by the rules for names. */
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

/* RFC 1034 3.5 and RFC 1123 2.1, with underscores: labels of 1 to 63 octets, no dot at the end, at most 253 octets. */
bool cg_dns_is_well_formed(struct cg_octets name);

/* RFC 9525 6.3: a DNS name whose whole left-most label may be "*". */
bool cg_dns_san_is_well_formed(struct cg_octets name);

/* RFC 5321 4.1.2: Mailbox, with a DNS name as its domain. Sets local and host if it is well-formed; both may be NULL.
 * A quoted local part keeps its quotes. */
bool cg_mailbox_is_well_formed(struct cg_octets name, struct cg_octets *local, struct cg_octets *host);

/* RFC 3986 3.2.2: the host of a URI, without user information and port. False if the URI has no host that is a DNS
 * name. */
bool cg_uri_host(struct cg_octets name, struct cg_octets *host);

/* RFC 5280 4.2.1.6: sound, and in the syntax of its type. */
bool cg_san_is_well_formed(const GENERAL_NAME *san);

/* Is the base of a subtree well-formed? RFC 5280 4.2.1.10, and the widely used DNS name with a leading dot. False for
 * types other than dNSName, rfc822Name, uniformResourceIdentifier and iPAddress. */
bool cg_constraint_is_well_formed(const GENERAL_NAME *base);

#endif
