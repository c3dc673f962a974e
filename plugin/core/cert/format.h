/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Explains a file that has another format than expected: its format, and the command that converts it. Stateless.
 * Called by the readers of certificates, keys and CRLs, and by lint, after they have failed. */
#ifndef CG_FORMAT_H
#define CG_FORMAT_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum cg_format_wanted { CG_WANT_CERTIFICATES = 0, CG_WANT_KEY, CG_WANT_CRLS, CG_WANT_COUNT };

/* False if the format is not known; *err is then unchanged. label: of the PEM block that was not expected; NULL for
 * the first block, or for DER. */
bool cg_format_explain(const char *place, const char *label, const void *data, size_t len, enum cg_format_wanted wanted,
                       struct cg_error *err);

#endif
