/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What OpenSSL 4.0 hands out as const and takes as const, and 3.x does neither: extensions of a certificate, and the
 * certificates that a callback gets. The one place for this difference. Called by the rules, the tool and the tests. */
#ifndef CG_OPENSSL_CONST_H
#define CG_OPENSSL_CONST_H

#include <openssl/opensslv.h>

#if OPENSSL_VERSION_MAJOR >= 4
#define CG_OPENSSL4_CONST const
#else
#define CG_OPENSSL4_CONST
#endif

#endif
