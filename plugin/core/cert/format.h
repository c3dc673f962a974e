/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a file is that is not what was expected: its format by name, and the command that makes of it what is wanted.
 * Nobody owns anything. Called by the readers of certificates, keys and CRLs, and by lint, after they have failed. */
#ifndef CG_FORMAT_H
#define CG_FORMAT_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum cg_format_wanted { CG_WANT_CERTIFICATES = 0, CG_WANT_KEY, CG_WANT_CRLS, CG_WANT_COUNT };

/* False: nothing known, and *err stays as it is. label: of the PEM block that did not fit; NULL: the first one, or DER. */
bool cg_format_explain(const char *place, const char *label, const void *data, size_t len, enum cg_format_wanted wanted,
                       struct cg_error *err);

#endif
