/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A computer without a clock battery may start in 1970. A certificate signed then has expired before it is used, and a CRL
 * made then refuses everyone. So nothing is changed while the clock is before the newest time that the CA has recorded:
 * the start of its certificate, and the last entry of the journal (of the index, if the journal is lost).
 * Called by cg_ca_open for every run that changes something. */
#ifndef CG_CA_CLOCK_H
#define CG_CA_CLOCK_H

#include "store.h"

/* Seconds by which notBefore and thisUpdate are set back: clocks of small devices run behind. */
#define CG_BACKDATE INT64_C(300)

/* "done" of the journal line that restarts the comparison. */
#define CG_CLOCK_SET_BACK "set the clock back"

/* False: the clock or the recorded time is wrong; the error gives both, and the fix. With now_is_given it only sets
 * ca->clock_set: then the run must write CG_CLOCK_SET_BACK to the journal, which later runs compare with. */
bool cg_ca_clock_check(struct cg_ca *ca, struct cg_error *err);

#endif
