/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The parts of a trust store. Private to trust.c (certificates) and trust_crls.c. */
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

/* The CRLs of one file, so that an unchanged file need not be read again. */
struct cg_crl_file {
    struct cg_file_state file_state; /* with its path, owned */
    struct cg_crl **crl;             /* references */
    size_t count;
};

struct cg_trust {
    atomic_int references;
    STACK_OF(X509) *anchors, *intermediates;
    STACK_OF(X509) *all; /* borrowed references: possible signers of CRLs */
    struct cg_crl_set *crls;
    bool extended_crls;
    struct cg_crl_file *files; /* files that were read without a fault */
    size_t nfiles;
    struct cg_trust_index index; /* of anchors and intermediates, by subject */
};

#endif
