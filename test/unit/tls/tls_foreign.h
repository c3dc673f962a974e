/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An SSL_CTX made by a shared object that is neither the main program nor the hook's. Called by test_tls_hook. */
#ifndef CG_TEST_TLS_FOREIGN_H
#define CG_TEST_TLS_FOREIGN_H

#include <openssl/ssl.h>

__attribute__((visibility("default"))) SSL_CTX *tls_foreign_make(void);

#endif
