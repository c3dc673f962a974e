/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a trust store is made of, for the two files that make one: trust.c (certificates) and trust_crls.c. */
#ifndef CG_TRUST_PARTS_H
#define CG_TRUST_PARTS_H

#include "core/crl/crl.h"
#include "core/crl/loaded_crl.h"
#include "core/file/file_state.h"
#include "trust_index.h"

#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* A file of CRLs as it was read, so that an unchanged one need not be read again. */
struct cg_crl_file {
    struct cg_file_state file_state; /* with its path, owned */
    struct cg_crl **crl;             /* references */
    size_t count;
};

struct cg_trust {
    atomic_int references;
    STACK_OF(X509) *anchors, *intermediates;
    STACK_OF(X509) *all; /* shallow: who may have signed a CRL */
    struct cg_crl_set *crls;
    bool extended_crls;
    struct cg_crl_file *files; /* those that were read without a fault */
    size_t nfiles;
    struct cg_trust_index index; /* of both, by subject */
};

#endif
