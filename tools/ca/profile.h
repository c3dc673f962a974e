/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The contents of each kind of certificate: rows of a const table. Called by sign and the verbs. */
#ifndef CG_CA_PROFILE_H
#define CG_CA_PROFILE_H

#include "core/check.h"

#include <stdbool.h>
#include <stdint.h>

struct cg_ca_profile {
    const char *name; /* "broker" */
    bool is_ca;
    int path_length;         /* of a CA; -1: no limit */
    const char *eku;         /* NULL for a CA */
    int64_t lifetime;        /* s */
    enum cg_purpose purpose; /* of the plugin's check that it must pass */
    const char *what;        /* for messages: "broker certificate" */
};

/* "root", "intermediate", "broker", "bridge", "client"; NULL: no such profile */
const struct cg_ca_profile *cg_ca_profile_find(const char *name);

/* The profile of a certificate, from its extended key usage; NULL if none matches. */
const struct cg_ca_profile *cg_ca_profile_of(X509 *cert);

#endif
