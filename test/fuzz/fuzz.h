/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The entry that each fuzz target defines: runs one input and owns nothing of it.
 * Called by libFuzzer, or by runner.c over the stored corpus. */
#ifndef CG_FUZZ_H
#define CG_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
