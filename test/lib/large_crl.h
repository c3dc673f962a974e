/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* CRLs with up to tens of millions of random serial numbers. Without memory they abort. Called by benchmarks only. */
#ifndef CG_TEST_LARGE_CRL_H
#define CG_TEST_LARGE_CRL_H

#include "crl_maker.h"

/* DER, to be freed by the caller. Valid from one day before now to seven days after now; serial numbers have 18 octets. */
unsigned char *large_crl_make(const struct ca *ca, size_t entries, int64_t now, long number, size_t *len);

/* Writes PATH.new and renames it to PATH. pem: other servers than certguard read only PEM. */
void large_crl_write(const char *path, const unsigned char *der, size_t len, bool pem);

#endif
