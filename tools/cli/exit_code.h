/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Exit codes. The documentation lists these numbers, and scripts rely on them. */
#ifndef CG_EXIT_CODE_H
#define CG_EXIT_CODE_H

enum cg_exit {
    CG_EXIT_OK = 0,
    CG_EXIT_FAILED = 1,
    CG_EXIT_FINDINGS = 3, /* a rejected certificate, lint or doctor findings */
    CG_EXIT_USAGE = 64,
    CG_EXIT_LOCKED = 75,       /* another run holds the lock, or a request waits (renew --from): try again later */
    CG_EXIT_INTERRUPTED = 130, /* Ctrl-C at a prompt: 128 plus the signal number */
};

#endif
