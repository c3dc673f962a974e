/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* certguard and stock Mosquitto under the same attack, in turns. Called by attack.c. */
#ifndef CG_ATTACK_COMPARE_H
#define CG_ATTACK_COMPARE_H

#include "kinds.h"

/* Prints one line of tab-separated values, see compare.c. False when a broker did not start or end well. */
bool compare(const struct kind *kind);

#endif
