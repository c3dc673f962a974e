/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on cryptography: see rules_key.c. Called through the table in rules.c. */
#ifndef CG_RULES_KEY_H
#define CG_RULES_KEY_H

#include "rule.h"

cg_rule_function cg_rule_key_algorithm, cg_rule_key_size, cg_rule_rsa_exponent, cg_rule_ec_parameters,
    cg_rule_signature_digest;

#endif
