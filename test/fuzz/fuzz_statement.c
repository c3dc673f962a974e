/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Statements about roots. A root with the fixed key signs itself here, and the held root signs for any root: what is taken is a CA
 * that OpenSSL reads as it was sent. A drop is obeyed only if it is of the other held root. */
#include "chain_input.h"
#include "core/cert/cert.h"
#include "core/renewal/statement.h"
#include "fuzz.h"
#include "lib/pki_maker.h"
#include "lib/renewal_maker.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define HELD_KEY 0
#define NEW_KEY  1

static X509 *holder, *other;
static STACK_OF(X509) *roots;

static void need(bool ok)
{
    if (!ok)
        abort();
}

static void set_up(void)
{
    struct cg_pki *pki = cg_pki_new(CHAIN_NOW);
    cg_pki_make(pki, "held: ca\nother: ca");
    holder = cg_cert_with_key(cg_pki_cert(pki, "held"), chain_key(HELD_KEY), chain_key(HELD_KEY));
    other = X509_dup(cg_pki_cert(pki, "other"));
    roots = sk_X509_new_null();
    need(roots && other && sk_X509_push(roots, holder) && sk_X509_push(roots, other));
    cg_pki_free(pki);
}

/* The statement of the held root for this root, which signs itself again if it has the fixed key. False: it is no certificate. */
static bool make_statement(const struct cg_statement *statement, struct cg_made *out)
{
    const unsigned char *at = statement->root.at;
    X509 *root = d2i_X509(NULL, &at, (long)cg_der_left(&statement->root));
    if (!root)
        return false;
    if (X509_get0_pubkey(root) && EVP_PKEY_eq(X509_get0_pubkey(root), chain_key(NEW_KEY)) == 1)
        need(X509_sign(root, chain_key(NEW_KEY), NULL) > 0);
    cg_statement_make(root, holder, chain_key(HELD_KEY), out);
    X509_free(root);
    return true;
}

static void check_taken(X509 *root, const struct cg_statement *statement)
{
    struct cg_cert cert;
    unsigned char *der = NULL;
    const int len = i2d_X509(root, &der);
    need(len > 0 && (size_t)len == cg_der_left(&statement->root) && memcmp(der, statement->root.at, (size_t)len) == 0);
    OPENSSL_free(der);
    need(cg_cert_read(&cert, root) && X509_check_ca(root) == 1 && cert.not_after >= CHAIN_NOW);
    need(X509_NAME_cmp(X509_get_subject_name(root), X509_get_issuer_name(root)) == 0);
    need(X509_verify(root, X509_get0_pubkey(root)) == 1);
    cg_cert_clear(&cert);
    X509_free(root);
}

static void check_root(const struct cg_statement *as_sent)
{
    static struct cg_made made;
    struct cg_statement statement;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    const struct cg_held_roots held = {roots, NULL, 0};
    X509 *root = NULL;
    need(!cg_statement_new_root(as_sent, &held, CHAIN_NOW, &root, &refusal) && !root); /* nobody signed it */
    if (!make_statement(as_sent, &made) || !cg_statement_parse(made.data, made.len, &statement, &refusal))
        return;
    if (cg_statement_new_root(&statement, &held, CHAIN_NOW, &root, &refusal))
        check_taken(root, &statement);
    else
        need(!root && refusal.reason != CG_REASON_RENEWAL_BAD_SIGNATURE);
    need(!cg_statement_drops(&statement, &held, holder, holder, &refusal));
}

static void check_drop(const struct cg_statement *as_sent)
{
    static struct cg_made made;
    struct cg_statement statement;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    const struct cg_held_roots held = {roots, NULL, 0};
    X509 *root = NULL;
    need(!cg_statement_drops(as_sent, &held, holder, holder, &refusal));
    cg_statement_make_drop(other, chain_key(HELD_KEY), &made);
    memcpy(made.data + 1, as_sent->digest, sizeof as_sent->digest); /* S is for the other root alone */
    need(cg_statement_parse(made.data, made.len, &statement, &refusal));
    unsigned char digest[32];
    need(X509_digest(other, EVP_sha256(), digest, NULL) == 1);
    need(cg_statement_drops(&statement, &held, holder, holder, &refusal) == (memcmp(digest, as_sent->digest, 32) == 0));
    need(!cg_statement_new_root(&statement, &held, CHAIN_NOW, &root, &refusal) && !root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cg_statement statement;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    if (!holder)
        set_up();
    if (!cg_statement_parse(data, size, &statement, &refusal)) {
        need(refusal.reason == CG_REASON_RENEWAL_MALFORMED && refusal.detail[0]);
        return 0;
    }
    need(statement.signature.at < statement.signature.end && statement.signature.end == data + size);
    if (statement.drop)
        check_drop(&statement);
    else
        check_root(&statement);
    ERR_clear_error();
    return 0;
}
