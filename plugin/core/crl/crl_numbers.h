/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Compares CRLs with the highest cRLNumber that was ever in use for their issuer, key and scope. So an older CRL is
 * refused even if the newer one is no longer loaded, because the broker restarted or a policy named no CRLs for a
 * time. The caller owns the table. Called by snapshot and trust. */
#ifndef CG_CRL_NUMBERS_H
#define CG_CRL_NUMBERS_H

#include "core/base/error.h"
#include "crl_numbers_table.h"
#include "loaded_crl.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* Records a CRL that is in use; each scope keeps the higher number. False without memory: some are then missing. */
bool cg_crl_numbers_raise(struct cg_crl_numbers *numbers, const struct cg_crl *crl);

/* Compared like two CRLs (cg_crl_compare): by number, otherwise by thisUpdate. */
enum cg_crl_age {
    CG_CRL_AGE_UNKNOWN = 0, /* out of memory */
    CG_CRL_OLDER,           /* *err, which may be NULL, names the newer CRL and the fix */
    CG_CRL_NOT_OLDER,
};
enum cg_crl_age cg_crl_numbers_check(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                     struct cg_error *err);

/* Compares a complete CRL with the delta CRLs of its scope: it is older if a delta with a higher number was in use,
 * since it may lack entries of that delta. A delta CRL is never older. */
enum cg_crl_age cg_crl_numbers_check_base(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                          struct cg_error *err);

/* Was a CRL in use that this certificate's key signed? If so, *err names one. True without memory. */
bool cg_crl_numbers_has_issuer(const struct cg_crl_numbers *numbers, const X509 *issuer, struct cg_error *err);

#endif
