/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* CRLs against the highest cRLNumber that was ever in use, of each issuer, key and scope: what an older CRL is refused by
 * when the newer one is not in use any more, since a policy named no CRLs for a time or the broker was restarted.
 * The caller owns the table. Filled and asked by snapshot and trust. */
#ifndef CG_CRL_NUMBERS_H
#define CG_CRL_NUMBERS_H

#include "core/base/error.h"
#include "crl_numbers_table.h"
#include "loaded_crl.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* Notes a CRL that is in use: each scope keeps the higher one. False without memory: some are missing then. */
bool cg_crl_numbers_raise(struct cg_crl_numbers *numbers, const struct cg_crl *crl);

/* Compared as CRLs are with one another (cg_crl_compare): by number, else by thisUpdate. */
enum cg_crl_age {
    CG_CRL_AGE_UNKNOWN = 0, /* no memory */
    CG_CRL_OLDER,           /* *err, which may be NULL, says than what, and the fix */
    CG_CRL_NOT_OLDER,
};
enum cg_crl_age cg_crl_numbers_check(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                     struct cg_error *err);

/* A complete CRL against the delta CRLs of its scope: older where one with a higher number was in use, so that it does not
 * say all that was known. A delta itself is not older. */
enum cg_crl_age cg_crl_numbers_check_base(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                          struct cg_error *err);

/* Was a CRL in use that this certificate's key signed? *err names one. Unknown without memory is true. */
bool cg_crl_numbers_knows(const struct cg_crl_numbers *numbers, const X509 *issuer, struct cg_error *err);

#endif
