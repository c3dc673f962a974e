/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The state that all parts of the policy's parser share, and its error function. Called by policy_*.c. */
#ifndef CG_POLICY_PARSE_H
#define CG_POLICY_PARSE_H

#include "core/base/error.h"
#include "policy_json.h"
#include "policy_store.h"

#include <stdbool.h>

struct cg_parse {
    const char *name; /* of the file */
    struct cg_policy_store *store;
    struct cg_error *err;
};

/* Sets the error "FILE: PLACE: ..." and returns false. */
bool cg_parse_fail(struct cg_parse *parse, const struct cg_json_path *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
