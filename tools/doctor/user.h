/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The user that the broker runs as. Called by doctor.c. */
#ifndef CG_DOCTOR_USER_H
#define CG_DOCTOR_USER_H

#include "context.h"

/* Sets user, uid, gid, groups and user_is_known. */
void cg_doctor_find_user(struct cg_doctor *d);

#endif
