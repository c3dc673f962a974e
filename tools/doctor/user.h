/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The systemd unit of the broker, and the user that the broker runs as. Called by doctor.c. */
#ifndef CG_DOCTOR_USER_H
#define CG_DOCTOR_USER_H

#include "context.h"

/* Sets user, uid, gid, groups, user_is_known and other_config. */
void cg_doctor_read_unit(struct cg_doctor *d);

#endif
