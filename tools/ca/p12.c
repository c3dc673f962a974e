/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "p12.h"
#include "base/atomic_write.h"
#include "base/failure.h"

#include <openssl/pkcs12.h>

/* For each of the three derivations (key, certificates, MAC). .NET's X509CertificateLoader, and so many MQTT clients, accept
 * at most 300,000; a phone takes about a second for all three. */
#define ITERATIONS 300000

static PKCS12 *make(const struct cg_bundle *bundle, const char *passphrase, bool legacy, STACK_OF(X509) *chain)
{
    /* 0: the library's defaults, PBES2 with AES-256; certificates are encrypted too */
    const int cipher = legacy ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : 0;
    PKCS12 *p12 = PKCS12_create(passphrase, bundle->name, bundle->key, bundle->cert, chain, cipher, cipher, ITERATIONS,
                                legacy ? -1 : ITERATIONS, 0);
    if (p12 && legacy && !PKCS12_set_mac(p12, passphrase, -1, NULL, 0, ITERATIONS, EVP_sha1())) {
        PKCS12_free(p12);
        return NULL;
    }
    return p12;
}

bool cg_p12_put(BIO *out, const struct cg_bundle *bundle, const char *passphrase, bool legacy, struct cg_error *err)
{
    const struct cg_ca *ca = bundle->ca;
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool ok = chain && X509_add_cert(chain, ca->cert, X509_ADD_FLAG_UP_REF) &&
              (!cg_ca_is_two_tier(ca) || X509_add_cert(chain, ca->root, X509_ADD_FLAG_UP_REF));
    PKCS12 *p12 = ok ? make(bundle, passphrase, legacy, chain) : NULL;
    ok = p12 && i2d_PKCS12_bio(out, p12) == 1;
    PKCS12_free(p12);
    sk_X509_pop_free(chain, X509_free);
    return ok || cg_fail_openssl(err, "make the PKCS#12 file of", bundle->name);
}

bool cg_bio_write(BIO *bio, const char *path, struct cg_error *err)
{
    const struct cg_owner owner = {(uid_t)-1, (gid_t)-1, 0600};
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    const struct cg_file_user before = cg_owner_outside();
    const bool ok = cg_write_replace(path, data, (size_t)len, &owner, err);
    cg_owner_back(before);
    return ok;
}
