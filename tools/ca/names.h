/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Names from the command line as types of RFC 5280: SANs "dns:", "ip:", "uri:", "email:", "dirname:", "rid:", "other:",
 * subjects, name constraints. Every value is checked here before it gets into a certificate.
 * The caller owns what is returned. Called by the CA, its verbs and import. */
#ifndef CG_CA_NAMES_H
#define CG_CA_NAMES_H

#include "core/base/error.h"

#include <openssl/x509v3.h>
#include <stdbool.h>

/* Adds one SAN; false with the reason and the fix if it is invalid. */
bool cg_san_add(GENERAL_NAMES *names, const char *typed, struct cg_error *err);

bool cg_san_list_ok(const char *const *typed, size_t count, struct cg_error *err);

/* Adds the SAN for NAME without --san: ip: or dns: if it is one, else (devices) a URN. */
bool cg_san_add_default(GENERAL_NAMES *names, const char *name, bool is_server, struct cg_error *err);

struct cg_subject {
    const char *common_name, *organization, *unit, *country; /* NULL: omitted */
};
X509_NAME *cg_subject_make(const struct cg_subject *subject, struct cg_error *err);
bool cg_subject_ok(const struct cg_subject *subject, struct cg_error *err);

/* Permitted subtrees, RFC 5280 4.2.1.10: domains and networks. Borrowed. */
struct cg_permitted {
    const char *const *dns, *const *ip;
    size_t ndns, nip;
};

/* NULL without an error if both lists are empty. */
NAME_CONSTRAINTS *cg_constraints_make(const struct cg_permitted *permitted, struct cg_error *err);
bool cg_permitted_ok(const struct cg_permitted *permitted, struct cg_error *err);

#endif
