/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#ifndef CG_TEST_LIBSSL_PROBE_H
#define CG_TEST_LIBSSL_PROBE_H

#include "core/base/error.h"

/* 1: the program has the libssl of the plugin; 0: *err says why not. Exported by the plugin, looked up with dlsym. */
int libssl_probe(struct cg_error *err);

#endif
