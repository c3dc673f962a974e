/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Extensions of a certificate, and the certificates that a callback gets, are const in OpenSSL 4.0 but not in 3.x.
 * This is the one place for the difference. Used by the rules, the tool and the tests. */
#ifndef CG_OPENSSL_CONST_H
#define CG_OPENSSL_CONST_H

#include <openssl/opensslv.h>

#if OPENSSL_VERSION_MAJOR >= 4
#define CG_OPENSSL4_CONST const
#else
#define CG_OPENSSL4_CONST
#endif

#endif
