/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the tests of snapshots share: a policy goes into the scratch folder, a snapshot or the faults of a reload come out.
 * Snapshots are the caller's; PKI, folder and faults are owned here. What should succeed and does not fails the running
 * cmocka test. */
#ifndef CG_TEST_SNAPSHOT_FIXTURE_H
#define CG_TEST_SNAPSHOT_FIXTURE_H

#include "core/snapshot_load.h"
#include "lib/pki_maker.h"
#include "lib/scratch.h"

#define FIXTURE_NOW 1800000000 /* 2027-01-15T08:00:00Z */

/* Opens the scratch folder. Certificates: root, other, mid (of root), and of mid: broker, client, expired (a broker's);
 * stranger (a broker's of other). The PKI is good until the close. */
struct cg_pki *fixture_open(const char *label);
void fixture_close(void);

/* As at the start, from policy.json with this text; NULL: it failed, see err. seen may be NULL. */
struct cg_snapshot *fixture_load(const char *policy, struct cg_file_states *seen, struct cg_error *err);
struct cg_snapshot *fixture_load_well(const char *policy);

/* As the watching thread does it: what is new, or a reference to previous. policy NULL: the file as it is. */
struct cg_snapshot *fixture_reload(const char *policy, struct cg_snapshot *previous);
/* The last reload had so many faults, one of them with these words (NULL: any). */
void fixture_expect_faults(size_t count, const char *words);
const char *fixture_first_fault(void); /* "" for none */

#endif
