/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on certificates, keys and CA files. They load each file with OpenSSL, as the broker does. */
#include "core/cert/format.h"
#include "core/cert/pem.h"
#include "core/file/file.h"
#include "rules.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)64 << 20)
#define CERTS_MAX  100000

static const struct cg_conf_line *readable(const struct cg_conf_line *line)
{
    return line && faccessat(AT_FDCWD, line->value, R_OK, AT_EACCESS) == 0 && cg_file_is_regular(line->value) ? line
                                                                                                              : NULL;
}

static struct cg_doctor_tls_files of_listener(const struct cg_conf *conf, unsigned i)
{
    const struct cg_conf_line *form = cg_conf_find(conf, i, "tls_keyform");
    bool in_file = !form || strcmp(form->value, "engine") != 0;
    return (struct cg_doctor_tls_files){.chain = readable(cg_conf_find(conf, i, "certfile")),
                                        .key = in_file ? readable(cg_conf_find(conf, i, "keyfile")) : NULL,
                                        .trust = readable(cg_conf_find(conf, i, "cafile"))};
}

static struct cg_doctor_tls_files of_bridge(const struct cg_conf *conf, unsigned i)
{
    return (struct cg_doctor_tls_files){.chain = readable(cg_conf_find_bridge(conf, i, "bridge_certfile")),
                                        .key = readable(cg_conf_find_bridge(conf, i, "bridge_keyfile")),
                                        .trust = readable(cg_conf_find_bridge(conf, i, "bridge_cafile"))};
}

void cg_doctor_each_tls_files(struct cg_doctor *d, const struct cg_doctor_rule *rule)
{
    for (unsigned i = 0; i <= d->conf.listeners + d->conf.bridges; i++) {
        const struct cg_doctor_tls_files files = i <= d->conf.listeners ? of_listener(&d->conf, i)
                                                                        : of_bridge(&d->conf, i - d->conf.listeners);
        ERR_set_mark();
        rule->files(d, &rule->row, &files);
        ERR_pop_to_mark();
    }
}

static int refuse_passphrase(char *buffer, int size, int writing, void *asked)
{
    (void)buffer, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

static SSL_CTX *new_context(bool *asked)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    if (ctx) {
        SSL_CTX_set_default_passwd_cb(ctx, refuse_passphrase);
        SSL_CTX_set_default_passwd_cb_userdata(ctx, asked);
    }
    return ctx;
}

/* Can OpenSSL load the file in the line? *asked: it asked for a passphrase. */
static bool loads(const struct cg_conf_line *line, bool *asked)
{
    SSL_CTX *ctx = new_context(asked);
    bool key = strstr(line->key, "keyfile"), trust = strstr(line->key, "cafile");
    int rc = !ctx    ? 1
             : key   ? SSL_CTX_use_PrivateKey_file(ctx, line->value, SSL_FILETYPE_PEM)
             : trust ? SSL_CTX_load_verify_locations(ctx, line->value, NULL)
                     : SSL_CTX_use_certificate_chain_file(ctx, line->value);
    SSL_CTX_free(ctx);
    return rc == 1;
}

/* The key is loaded first, because OpenSSL drops it, without an error, if it does not match the certificate. */
static void pair_mismatched(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_doctor_tls_files *files)
{
    bool asked = false;
    const struct cg_conf_line *chain = files->chain, *key = files->key;
    SSL_CTX *ctx = chain && key ? new_context(&asked) : NULL;
    if (ctx && SSL_CTX_use_PrivateKey_file(ctx, key->value, SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_use_certificate_chain_file(ctx, chain->value) == 1 && SSL_CTX_check_private_key(ctx) != 1)
        cg_doctor_report(d, row, "%s:%u: the key %s does not belong to the first certificate in %s", key->file,
                         key->line, key->value, chain->value);
    SSL_CTX_free(ctx);
}

static void key_encrypted(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_doctor_tls_files *files)
{
    bool asked = false;
    if (files->key && !loads(files->key, &asked) && asked)
        cg_doctor_report_line(d, row, files->key);
}

/* Explains why OpenSSL cannot load the file: by its format, by its contents, or else by the form of its lines. */
static void explain(const struct cg_conf_line *line, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    STACK_OF(X509) *certs = NULL;
    bool key = strstr(line->key, "keyfile");
    char file[PATH_MAX];
    if (!cg_file_read(line->value, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, err))
        return;
    if (!cg_file_shell_word(line->value, file, sizeof file))
        snprintf(file, sizeof file, "FILE");
    if (key && !cg_format_explain(line->value, NULL, bytes.data, bytes.len, CG_WANT_KEY, err))
        cg_error_set(err, "%s: expected a private key in PEM, found none that can be read. Copy the file again.", file);
    else if (!key && cg_certificates_read(line->value, bytes.data, bytes.len, CERTS_MAX, &certs, err)) {
        if (cg_is_der(bytes.data, bytes.len))
            cg_error_set(err,
                         "%s: expected PEM, found DER. Convert it: openssl x509 -inform DER -in %s -out NEW, and "
                         "name NEW",
                         line->value, file);
        else
            cg_error_set(err, "%s: OpenSSL cannot read it. Each BEGIN and each END must be on a separate line.",
                         line->value);
    }
    sk_X509_pop_free(certs, X509_free);
    cg_bytes_wipe(&bytes);
}

static void file_unusable(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_doctor_tls_files *files)
{
    const struct cg_conf_line *const all[] = {files->chain, files->key, files->trust};
    for (size_t i = 0; i < CG_COUNT(all); i++) {
        struct cg_error err = {""};
        bool asked = false;
        if (!all[i] || loads(all[i], &asked) || asked)
            continue;
        explain(all[i], &err);
        cg_doctor_report(d, row, "%s:%u: %s", all[i]->file, all[i]->line, err.text);
    }
}

static bool has_no_cipher(const struct cg_conf_line *line)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    bool suites = strstr(line->key, "ciphers_tls1.3");
    ERR_set_mark();
    bool none = ctx &&
                (suites ? SSL_CTX_set_ciphersuites(ctx, line->value) : SSL_CTX_set_cipher_list(ctx, line->value)) != 1;
    ERR_pop_to_mark();
    SSL_CTX_free(ctx);
    return none;
}

static const struct cg_doctor_rule rules[] = {
    {{"pair_mismatched", CG_LINT_ERROR, "",
      "The broker cannot use this pair. It does not start, and a reload can leave the listener without a usable pair.",
      "Install the key that belongs to the certificate: certguard deploy NAME --to FOLDER"},
     .files = pair_mismatched},
    {{"key_encrypted", CG_LINT_ERROR, "",
      "The broker asks for the passphrase of this key on a terminal. Started by systemd, it does not start.",
      "Name a key file without a passphrase that only the broker's user can read: openssl pkey -in FILE -out NEW, then "
      "chown USER NEW"},
     .files = key_encrypted},
    {{"tls_file_unusable", CG_LINT_ERROR, "",
      "OpenSSL cannot load this file for the broker. The broker does not start, or the bridge does not connect.",
      "Correct the file as the finding says."},
     .files = file_unusable},
    {{"ciphers_unknown", CG_LINT_ERROR, "", "OpenSSL knows none of these ciphers. The broker does not start.",
      "Remove the line to use the default list of the TLS library."},
     .keys = CG_DOCTOR_CIPHERS,
     .line = has_no_cipher},
};
const struct cg_doctor_rules cg_doctor_tls_rules = {rules, CG_COUNT(rules)};
