/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* CRLs of up to tens of millions of random serial numbers, for benchmarks. Out of memory aborts.
 * Called by benchmarks only. */
#ifndef CG_TEST_LARGE_CRL_H
#define CG_TEST_LARGE_CRL_H

#include "crl_maker.h"

/* malloc'ed DER, valid from a day before now to seven days after it. Serial numbers have 18 octets. */
unsigned char *large_crl_make(const struct ca *ca, size_t entries, int64_t now, long number, size_t *len);

/* To PATH.new, then renamed to PATH. PEM is what servers other than ours read. */
void large_crl_write(const char *path, const unsigned char *der, size_t len, bool pem);

#endif
