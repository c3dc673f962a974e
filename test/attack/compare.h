/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Compares certguard and stock Mosquitto under the same attack. Called by attack.c. */
#ifndef CG_ATTACK_COMPARE_H
#define CG_ATTACK_COMPARE_H

#include "kinds.h"

/* Prints one line of tab-separated values, see compare.c. False if a broker did not start, or ended with an error. */
bool compare(const struct kind *kind);

#endif
