/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A computer without a battery for its clock may start in 1970. What is signed then is over before it is used, and a
 * CRL made then refuses everyone. So nothing is changed while the clock stands before what the CA has seen: the
 * start of its certificate, and the last entry of the journal (of the index, where the journal is lost).
 * Called by cg_ca_open for every run that changes something. */
#ifndef CG_CA_CLOCK_H
#define CG_CA_CLOCK_H

#include "store.h"

/* s that notBefore and thisUpdate are set back: clocks of small devices run behind. */
#define CG_BACKDATE INT64_C(300)

/* "done" of the line in the journal that starts the comparison anew. */
#define CG_CLOCK_SET_BACK "set the clock back"

/* False: the clock is wrong, or what it is compared with; the text says both and the way out. Always true where
 * the options say that somebody has looked at the time. ca->clock_set is whether that was needed: then the run has to leave a line in the journal,
 * which is what later runs are compared with. */
bool cg_ca_clock_check(struct cg_ca *ca, struct cg_error *err);

#endif
