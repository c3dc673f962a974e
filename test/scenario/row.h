/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CAs, the policy and the files of a scenario row. Called by the scenario runners. */
#ifndef CG_TEST_ROW_H
#define CG_TEST_ROW_H

#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "scenarios.h"

/* Makes root, inter, broker and the row's own CAs and CRLs. The caller frees it. */
struct cg_pki *cg_row_pki(const struct cg_scenario *row, int64_t now);

/* The policy as text, which the caller frees. It names the files that cg_row_write writes. */
char *cg_row_policy(const struct cg_scenario *row);

/* Writes policy.json, the trust anchors, intermediates and CRLs, and the broker's certificate into the broker's folder. */
void cg_row_write(const struct cg_scenario *row, const struct cg_pki *pki, const struct cg_broker *broker);

/* The two rows need the same files, so they can share a broker. */
bool cg_row_shares_broker(const struct cg_scenario *a, const struct cg_scenario *b);

/* The row's value, or its default. */
const char *cg_row_anchors(const struct cg_scenario *row);
const char *cg_row_recipe(const struct cg_scenario *row);
const char *cg_row_send(const struct cg_scenario *row);

#endif
