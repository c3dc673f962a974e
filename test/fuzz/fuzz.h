/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The entry point of each fuzz target: runs one input, which is borrowed.
 * Called by libFuzzer, or by runner.c for the stored corpus. */
#ifndef CG_FUZZ_H
#define CG_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
