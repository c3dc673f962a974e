/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What every runner makes of a row: the CAs that it stands on and its policy. Called by the scenario runners. */
#ifndef CG_TEST_WORLD_H
#define CG_TEST_WORLD_H

#include "lib/pki_maker.h"
#include "scenarios.h"

/* root, inter, broker and the row's own CAs and CRLs */
struct cg_pki *cg_world_pki(const struct cg_scenario *row, int64_t now);

/* The policy as text, malloc'ed; it names ca.pem, intermediates.pem, crl.pem and events.jsonl beside it. */
char *cg_world_policy(const struct cg_scenario *row);

/* The two rows can share a broker. */
bool cg_world_same(const struct cg_scenario *a, const struct cg_scenario *b);

const char *cg_world_anchors(const struct cg_scenario *row);
const char *cg_world_recipe(const struct cg_scenario *row);
const char *cg_world_send(const struct cg_scenario *row);

#endif
