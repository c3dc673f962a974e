/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on certificates, keys and CA files as the broker itself loads them: by OpenSSL, which says what it takes. */
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

/* The lines of one listener or bridge; NULL: there is none, or its file cannot be read, which is another rule's. */
struct lines {
    const struct cg_conf_line *chain, *key, *trust;
};

static const struct cg_conf_line *readable(const struct cg_conf_line *line)
{
    return line && faccessat(AT_FDCWD, line->value, R_OK, AT_EACCESS) == 0 && cg_file_is_regular(line->value) ? line
                                                                                                              : NULL;
}

static struct lines of_listener(const struct cg_conf *conf, unsigned i)
{
    const struct cg_conf_line *form = cg_conf_find(conf, i, "tls_keyform");
    bool in_file = !form || strcmp(form->value, "engine") != 0;
    return (struct lines){.chain = readable(cg_conf_find(conf, i, "certfile")),
                          .key = in_file ? readable(cg_conf_find(conf, i, "keyfile")) : NULL,
                          .trust = readable(cg_conf_find(conf, i, "cafile"))};
}

static struct lines of_bridge(const struct cg_conf *conf, unsigned i)
{
    return (struct lines){.chain = readable(cg_conf_find_bridge(conf, i, "bridge_certfile")),
                          .key = readable(cg_conf_find_bridge(conf, i, "bridge_keyfile")),
                          .trust = readable(cg_conf_find_bridge(conf, i, "bridge_cafile"))};
}

typedef void look_fn(struct cg_doctor *d, const struct cg_rule_row *row, const struct lines *lines);

static void each(struct cg_doctor *d, const struct cg_rule_row *row, look_fn *look)
{
    for (unsigned i = 0; i <= d->conf.listeners + d->conf.bridges; i++) {
        const struct lines lines = i <= d->conf.listeners ? of_listener(&d->conf, i)
                                                          : of_bridge(&d->conf, i - d->conf.listeners);
        ERR_set_mark();
        look(d, row, &lines);
        ERR_pop_to_mark();
    }
}

static int ask_nobody(char *buffer, int size, int writing, void *asked)
{
    (void)buffer, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

static SSL_CTX *new_context(bool *asked)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    if (ctx) {
        SSL_CTX_set_default_passwd_cb(ctx, ask_nobody);
        SSL_CTX_set_default_passwd_cb_userdata(ctx, asked);
    }
    return ctx;
}

/* Does OpenSSL take what the line names? asked: it wanted a passphrase. */
static bool is_taken(const struct cg_conf_line *line, bool *asked)
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

static bool belong_together(const char *chain, const char *key)
{
    bool asked = false;
    SSL_CTX *ctx = new_context(&asked);
    bool ok = !ctx ||
              (SSL_CTX_use_certificate_chain_file(ctx, chain) == 1 &&
               SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1);
    SSL_CTX_free(ctx);
    return ok;
}

static void mismatch(struct cg_doctor *d, const struct cg_rule_row *row, const struct lines *lines)
{
    bool asked = false;
    const struct cg_conf_line *chain = lines->chain, *key = lines->key;
    if (chain && key && is_taken(chain, &asked) && is_taken(key, &asked) && !belong_together(chain->value, key->value))
        cg_doctor_report(d, row, "%s:%u: the key %s does not belong to the first certificate of %s", key->file,
                         key->line, key->value, chain->value);
}

static void encrypted(struct cg_doctor *d, const struct cg_rule_row *row, const struct lines *lines)
{
    bool asked = false;
    if (lines->key && !is_taken(lines->key, &asked) && asked)
        cg_doctor_report_line(d, row, lines->key);
}

/* Why OpenSSL does not take it: our own readers know the format, or what is wrong with it, or else it is in the lines. */
static void explain(const struct cg_conf_line *line, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    STACK_OF(X509) *certs = NULL;
    bool key = strstr(line->key, "keyfile");
    char file[PATH_MAX];
    if (!cg_file_read(line->value, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, err))
        return;
    if (!cg_file_for_sh(line->value, file, sizeof file))
        snprintf(file, sizeof file, "FILE");
    if (key && !cg_format_explain(line->value, NULL, bytes.data, bytes.len, CG_WANT_KEY, err))
        cg_error_set(err, "%s: expected a private key in PEM, found none that can be read; copy the file again", file);
    else if (!key && cg_certificates_read(line->value, bytes.data, bytes.len, CERTS_MAX, &certs, err)) {
        if (cg_is_der(bytes.data, bytes.len))
            cg_error_set(err,
                         "%s: expected PEM, found DER; convert it: openssl x509 -inform DER -in %s -out NEW, and "
                         "name NEW",
                         line->value, file);
        else
            cg_error_set(err, "%s: OpenSSL cannot read it; each BEGIN and each END must stand on a line of its own",
                         line->value);
    }
    sk_X509_pop_free(certs, X509_free);
    cg_bytes_wipe(&bytes);
}

static void unusable(struct cg_doctor *d, const struct cg_rule_row *row, const struct lines *lines)
{
    const struct cg_conf_line *const all[] = {lines->chain, lines->key, lines->trust};
    for (size_t i = 0; i < CG_COUNT(all); i++) {
        struct cg_error err = {""};
        bool asked = false;
        if (!all[i] || is_taken(all[i], &asked) || asked)
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

static void ciphers_unknown(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const char *const keys[] = {"ciphers", "ciphers_tls1.3", "bridge_ciphers", "bridge_ciphers_tls1.3", NULL};
    cg_doctor_each_line(d, row, keys, has_no_cipher);
}

static void pair_mismatched(struct cg_doctor *d, const struct cg_rule_row *row)
{
    each(d, row, mismatch);
}

static void key_encrypted(struct cg_doctor *d, const struct cg_rule_row *row)
{
    each(d, row, encrypted);
}

static void file_unusable(struct cg_doctor *d, const struct cg_rule_row *row)
{
    each(d, row, unusable);
}

static const struct cg_doctor_rule rules[] = {
    {{"pair_mismatched", CG_LINT_ERROR, "",
      "The broker can't serve this pair: it does not start, or stops at a reload.",
      "Put the key that belongs to the certificate there: certguard deploy NAME --to FOLDER"},
     .look = pair_mismatched},
    {{"key_encrypted", CG_LINT_ERROR, "",
      "The broker asks for the passphrase of this key at a terminal: started by systemd it does not start.",
      "Name a file without passphrase, which the broker's user alone may read: openssl pkey -in FILE -out NEW, then "
      "chown USER NEW"},
     .look = key_encrypted},
    {{"tls_file_unusable", CG_LINT_ERROR, "",
      "OpenSSL does not take this file as the broker loads it: the broker does not start, or the bridge does not "
      "connect.",
      "Do what is named."},
     .look = file_unusable},
    {{"ciphers_unknown", CG_LINT_ERROR, "", "OpenSSL knows none of these ciphers: the broker does not start.",
      "Remove the line: the library's list is good."},
     .look = ciphers_unknown},
};
const struct cg_doctor_rules cg_doctor_tls_rules = {rules, CG_COUNT(rules)};
