/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The page that a test shares with memory_shim.c in the broker, by a file that $CG_MEMORY_FILE names. */
#ifndef CG_TEST_MEMORY_SHIM_H
#define CG_TEST_MEMORY_SHIM_H

#include <stdatomic.h>

/* Allocations on the broker's main thread, asked for by the plugin and cJSON, or by OpenSSL too. */
enum { CG_MEMORY_OF_PLUGIN = 1 << 0, CG_MEMORY_OF_OPENSSL = 1 << 1 };

struct cg_memory_page {
    atomic_int whose;    /* whose are counted; 0: nobody's, and none fails */
    atomic_long asked;   /* since it was set to 0 */
    atomic_long fail_at; /* the one that fails */
};

#endif
