/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "key_passphrase.h"
#include "base/failure.h"
#include "key.h"

#include <stdio.h>
#include <string.h>

#define STAGED "new-key.pem"

/* Reads the file that was written, not the memory that it was written from. */
static bool is_sound(const struct cg_ca *ca, const struct cg_key_passphrase_request *request, const X509 *cert,
                     struct cg_error *err)
{
    char path[PATH_MAX];
    const struct cg_passphrase_source source = cg_passphrase_known(request->passphrase);
    EVP_PKEY *key = cg_key_load_sealed(&source, cg_ca_path(ca, path, "stage/" STAGED), err);
    const bool ok = key && X509_check_private_key(cert, key) == 1;
    if (key && !ok)
        cg_fail_openssl(err, "read back", path);
    EVP_PKEY_free(key);
    return ok;
}

static bool write_key(const struct cg_ca *ca, const struct cg_key_passphrase_request *request, const X509 *cert,
                      EVP_PKEY *key, struct cg_error *err)
{
    struct cg_change change = {0};
    char target[32], *pem = NULL;
    size_t len = 0;
    snprintf(target, sizeof target, "%s/key.pem", request->folder);
    bool ok = cg_key_pem(key, request->passphrase, &pem, &len, err) && cg_change_begin(&change, ca, false, err) &&
              cg_change_stage_file(&change, STAGED, pem, len, 0600, err) && is_sound(ca, request, cert, err) &&
              cg_change_move(&change, STAGED, target, err) &&
              (!request->settings || cg_settings_put(&change, request->settings, err)) &&
              cg_change_journal(&change, request->passphrase ? "changed the passphrase" : "removed the passphrase",
                                cg_json_of("key", target), err);
    OPENSSL_clear_free(pem, len);
    return cg_change_end(&change, ok, err);
}

bool cg_key_passphrase_set(const struct cg_ca *ca, const struct cg_key_passphrase_request *request,
                           struct cg_error *err)
{
    char uri[32];
    const X509 *cert = strcmp(request->folder, "root") == 0 ? ca->root : ca->cert;
    snprintf(uri, sizeof uri, "%s/key.uri", request->folder);
    if (cg_ca_has(ca, uri))
        return cg_fail_text(err,
                            "cannot change the PIN of the key at the URI in %s/%s: only its token can. Use the program "
                            "that came with the token, for example pkcs11-tool --change-pin",
                            ca->dir, uri);
    EVP_PKEY *key = cg_key_of_ca(ca, request->folder, cert, err);
    const bool ok = key && (ca->options.dry_run || write_key(ca, request, cert, key, err));
    EVP_PKEY_free(key);
    return ok;
}
