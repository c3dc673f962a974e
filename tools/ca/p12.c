/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "p12.h"
#include "base/atomic_write.h"
#include "base/failure.h"

#include <openssl/pkcs12.h>

#include <string.h>

/* For each of the three derivations (key, certificates, MAC). .NET's X509CertificateLoader, and so many MQTT clients, accept
 * at most 300,000; a phone takes about a second for all three. */
#define ITERATIONS 300000

bool cg_p12_write(const char *path, const char *name, const struct cg_ca *ca, X509 *cert, EVP_PKEY *key,
                  const char *passphrase, struct cg_error *err)
{
    const struct cg_owner owner = {(uid_t)-1, (gid_t)-1, 0600};
    unsigned char *der = NULL;
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool ok = chain && X509_add_cert(chain, ca->cert, X509_ADD_FLAG_UP_REF) &&
              (!cg_ca_is_two_tier(ca) || X509_add_cert(chain, ca->root, X509_ADD_FLAG_UP_REF));
    /* algorithms 0: the library's defaults, PBES2 with AES-256; certificates are encrypted too */
    PKCS12 *bundle = ok ? PKCS12_create(passphrase, name, key, cert, chain, 0, 0, ITERATIONS, ITERATIONS, 0) : NULL;
    int len = bundle ? i2d_PKCS12(bundle, &der) : 0;
    if (len > 0) {
        const struct cg_file_user before = cg_owner_outside();
        ok = cg_write_replace(path, der, (size_t)len, &owner, err);
        cg_owner_back(before);
        if (!ok)
            cg_error_prefix(err, "the certificate was made, but not the PKCS#12 file");
    } else {
        ok = cg_fail_openssl(err, "make", path);
    }
    OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
    PKCS12_free(bundle);
    sk_X509_pop_free(chain, X509_free);
    return ok;
}
