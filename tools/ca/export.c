/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "export.h"
#include "base/failure.h"
#include "issue.h"
#include "key.h"
#include "store/index.h"

#include <openssl/err.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool cg_bundle_load(struct cg_bundle *bundle, const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    char path[PATH_MAX], relative[CG_NAME_MAX + 32];
    *bundle = (struct cg_bundle){.ca = ca, .name = name};
    if (!(bundle->cert = cg_ca_live_cert(ca, name, err)))
        return false;
    snprintf(relative, sizeof relative, "live/%s/privkey.pem", name);
    if (!cg_ca_has(ca, relative))
        return cg_fail_text(err,
                            "cannot export %s: its key was created elsewhere and is not in this CA. Copy "
                            "%s/live/%s/fullchain.pem to the device",
                            name, ca->dir, name);
    bundle->key = cg_key_load_plain(cg_ca_path(ca, path, "%s", relative), err);
    if (bundle->key && X509_check_private_key(bundle->cert, bundle->key) != 1) {
        ERR_clear_error();
        return cg_fail_text(err,
                            "cannot export %s: key and certificate do not match. Another run may just have renewed "
                            "it: run the command again",
                            name);
    }
    return bundle->key;
}

void cg_bundle_clear(struct cg_bundle *bundle)
{
    X509_free(bundle->cert);
    EVP_PKEY_free(bundle->key);
    *bundle = (struct cg_bundle){0};
}

/* ---- the three parts in PEM; the caller wipes and frees ---- */

static char *ca_text(const struct cg_bundle *c)
{
    return cg_cert_pem(c->ca->root);
}

static char *cert_text(const struct cg_bundle *c)
{
    char *cert = cg_cert_pem(c->cert), *next = cg_ca_is_two_tier(c->ca) ? cg_cert_pem(c->ca->cert) : strdup(""),
         *text = NULL;
    if (cert && next && asprintf(&text, "%s%s", cert, next) < 0)
        text = NULL;
    free(cert);
    free(next);
    return text;
}

static char *key_text(const struct cg_bundle *c)
{
    char *pem = NULL, *text = NULL;
    size_t len = 0;
    if (cg_key_pem(c->key, NULL, &pem, &len, NULL))
        text = strndup(pem, len);
    OPENSSL_clear_free(pem, len);
    return text;
}

static bool put_text(BIO *out, const char *text)
{
    return BIO_write(out, text, (int)strlen(text)) == (int)strlen(text);
}

/* One line of the source for each line of the text. PEM needs no escapes, except in a compiler that reads trigraphs. */
static bool put_string(BIO *out, const char *name, const char *text)
{
    bool ok = BIO_printf(out, "\nstatic const char %s[] =\n    \"", name) > 0;
    for (; ok && *text; text++) {
        if (*text == '\n')
            ok = put_text(out, text[1] ? "\\n\"\n    \"" : "\\n");
        else if (strchr("\"\\?", *text) || !isprint((unsigned char)*text))
            ok = BIO_printf(out, "\\%03o", (unsigned char)*text) > 0;
        else
            ok = BIO_write(out, text, 1) == 1;
    }
    return ok && put_text(out, "\";\n");
}

static bool put_part(BIO *out, const struct cg_bundle *c, const char *name, char *make(const struct cg_bundle *))
{
    char *text = make(c);
    const bool ok = text && (name ? put_string(out, name, text) : put_text(out, text));
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
    return ok;
}

bool cg_export_pem(BIO *out, const struct cg_bundle *bundle, struct cg_error *err)
{
    return (put_part(out, bundle, NULL, key_text) && put_part(out, bundle, NULL, cert_text)) || cg_fail_memory(err);
}

/* CERTGUARD_SENSOR1_H */
static void guard_of(const char *name, char out[CG_NAME_MAX + 16])
{
    snprintf(out, CG_NAME_MAX + 16, "CERTGUARD_%s_H", name);
    for (char *c = out; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
}

static bool put_head(BIO *out, const struct cg_bundle *c, const char *guard)
{
    char end[24], *serial = cg_index_serial(X509_get0_serialNumber(c->cert));
    cg_date_text(X509_get0_notAfter(c->cert), end);
    const bool ok = serial && BIO_printf(out,
                                         "/* %s: certificate %s, valid until %s. Made by certguard export.\n"
                                         " * This file contains the private key: keep it out of version control. */\n"
                                         "#ifndef %s\n#define %s\n",
                                         c->name, serial, end, guard, guard) > 0;
    OPENSSL_free(serial);
    return ok;
}

bool cg_export_header(BIO *out, const struct cg_bundle *bundle, struct cg_error *err)
{
    char guard[CG_NAME_MAX + 16];
    guard_of(bundle->name, guard);
    return (put_head(out, bundle, guard) && put_part(out, bundle, "ca_pem", ca_text) &&
            put_part(out, bundle, "cert_pem", cert_text) && put_part(out, bundle, "key_pem", key_text) &&
            put_text(out, "\n#endif\n")) ||
           cg_fail_memory(err);
}
