/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the tests of CRL numbers share, on top of snapshot_fixture.h: CRLs with numbers in a scratch folder, with an empty
 * folder "state" for the file. PKI and folder are owned by snapshot_fixture, which closes them. */
#ifndef CG_TEST_NUMBERS_FIXTURE_H
#define CG_TEST_NUMBERS_FIXTURE_H

#include "core/crl/crl_numbers.h"
#include "core/crl/crl_numbers_format.h"
#include "snapshot_fixture.h"

/* CRLs of root: six, seven, eight, each made a day after the one before; seven-again (as late as eight), none (no number, as
 * late as seven), delta (9, of 8). Of other: other4, other5, other-longest (a number of 20 octets). */
struct cg_pki *numbers_open(const char *label);

struct cg_crl *numbers_read_crl(const char *name); /* the caller frees it */
void numbers_raise(struct cg_crl_numbers *numbers, const char *name);
void numbers_save(const struct cg_crl_numbers *numbers, const char *file); /* a name in the scratch folder */

#endif
