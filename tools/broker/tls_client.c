/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tls_client.h"

#include "base/failure.h"
#include "cli/tty.h"
#include "core/cert/name.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct cg_tls_client *owner_of(const SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static void note_alert(const SSL *ssl, int where, int code)
{
    struct cg_tls_client *tls = owner_of(ssl);
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && code >> 8 == SSL3_AL_FATAL)
        snprintf(tls->alert, sizeof tls->alert, "%s", SSL_alert_desc_string_long(code));
}

/* Keeps the first error; does not change the result. */
static int note_verdict(int ok, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct cg_tls_client *tls = owner_of(ssl);
    const X509 *about = X509_STORE_CTX_get_current_cert(store);
    if (!ok && !tls->verify_error) {
        tls->verify_error = X509_STORE_CTX_get_error(store);
        if (about)
            cg_name_text(X509_get_subject_name(about), tls->verify_name, sizeof tls->verify_name);
    }
    return ok;
}

static int ask_passphrase(char *out, int size, int writing, void *path)
{
    (void)writing;
    char question[300];
    snprintf(question, sizeof question, "Passphrase of %.250s", (const char *)path);
    bool ok = cg_prompt_secret(question, false, out, (size_t)size, NULL);
    return ok ? (int)strlen(out) : -1;
}

static bool set_host(SSL_CTX *context, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 || X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

static bool load(SSL_CTX *context, const char *ca, const char *cert, const char *key, struct cg_error *err)
{
    const char *const files[] = {ca, cert, key}, *place = ca;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (access(files[i], R_OK) != 0)
            return cg_fail_errno(err, "read", files[i]);
    bool ok = SSL_CTX_load_verify_file(context, ca) == 1;
    if (ok) {
        place = cert;
        ok = SSL_CTX_use_certificate_chain_file(context, cert) == 1;
    }
    if (ok) {
        place = key;
        SSL_CTX_set_default_passwd_cb(context, ask_passphrase);
        SSL_CTX_set_default_passwd_cb_userdata(context, (void *)(uintptr_t)key);
        ok = SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
    }
    return ok || cg_fail_openssl(err, "use", place);
}

static bool use(SSL_CTX *context, const struct cg_tls_objects *objects, struct cg_error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    bool ok = SSL_CTX_use_cert_and_key(context, objects->cert, objects->key, objects->chain, 1) == 1;
    for (int i = 0; ok && i < sk_X509_num(objects->anchors); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(objects->anchors, i)) == 1;
    return ok || cg_fail_openssl(err, "use", "the certificate and its key");
}

static bool start(struct cg_tls_client *tls, const char *anchors, const char *host, struct cg_error *err)
{
    *tls = (struct cg_tls_client){.anchors = anchors};
    tls->context = SSL_CTX_new(TLS_client_method());
    if (!tls->context || !set_host(tls->context, host) ||
        SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1)
        return cg_fail_openssl(err, "set up", "TLS");
    SSL_CTX_set_app_data(tls->context, tls);
    SSL_CTX_set_info_callback(tls->context, note_alert);
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, note_verdict);
    return true;
}

bool cg_tls_client_init(struct cg_tls_client *tls, const char *ca, const char *cert, const char *key, const char *host,
                        struct cg_error *err)
{
    return start(tls, "--cafile", host, err) && load(tls->context, ca, cert, key, err);
}

bool cg_tls_client_init_with(struct cg_tls_client *tls, const struct cg_tls_objects *objects, const char *host,
                             struct cg_error *err)
{
    return start(tls, objects->place, host, err) && use(tls->context, objects, err);
}

void cg_tls_client_clear(struct cg_tls_client *tls)
{
    SSL_CTX_free(tls->context);
    tls->context = NULL;
}

bool cg_tls_client_fault(const struct cg_tls_client *tls, const char *host, struct cg_error *err)
{
    if (tls->verify_error == X509_V_ERR_HOSTNAME_MISMATCH || tls->verify_error == X509_V_ERR_IP_ADDRESS_MISMATCH)
        cg_error_set(
            err,
            "the broker's certificate (%s) is not for %s. Connect with a name in it. List its names: certguard "
            "inspect %s:PORT",
            tls->verify_name, host, host);
    else if (tls->verify_error == X509_V_ERR_CERT_NOT_YET_VALID || tls->verify_error == X509_V_ERR_CERT_HAS_EXPIRED)
        cg_error_set(
            err,
            "the broker's certificate is not accepted: %s (%s). Check the clock of this computer first, then the "
            "dates: certguard inspect %s:PORT",
            X509_verify_cert_error_string(tls->verify_error), tls->verify_name, host);
    else if (tls->verify_error)
        cg_error_set(err, "the broker's certificate is not accepted: %s (%s). %s must contain the CA that issued it",
                     X509_verify_cert_error_string(tls->verify_error), tls->verify_name, tls->anchors);
    else if (*tls->alert)
        cg_error_set(err,
                     "the broker refused the handshake with the TLS alert \"%s\". For the reason, run `certguard log "
                     "--explain` on its event log",
                     tls->alert);
    else
        return false;
    return true;
}
