/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Writes the first corpora of fuzz_cert, fuzz_chain, fuzz_request, fuzz_statement and fuzz_mailbox from recipes:  fuzz_seeds CORPORA-FOLDER
 * Run it manually if the format of the input or the recipes change. "run" merges inputs found by fuzzing. */
#include "chain_input.h"
#include "core/cert/der.h"
#include "core/renewal/mailbox.h"
#include "crl_maker.h"
#include "lib/pki_maker.h"
#include "lib/renewal_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *recipe, *chain; /* names, end entity first; NULL: only the certificate "c" */
    unsigned char options[3 + CHAIN_CERTS_MAX];
    size_t noptions;
    const char *keys; /* a digit per certificate, the number of its fixed key; NULL: 0123... */
} chains[] = {
    {"short", "r: ca\nc: issuer=r", "c r", {0}, 0, NULL},
    {"strict", "r: ca\ni: ca issuer=r\nc: issuer=i", "c i r", {CHAIN_STRICT}, 1, NULL},
    {"server", "r: ca\ni: ca issuer=r eku=serverAuth\nc: server issuer=i", "c i r", {CHAIN_SERVER}, 1, NULL},
    {"deep", "r: ca\nx: ca issuer=r\ny: ca issuer=x\ni: ca issuer=y\nc: issuer=i", "c i y x r", {0}, 0, NULL},
    {"path-length",
     "r: ca bc=critical,CA:TRUE,pathlen:1\ni: ca issuer=r bc=critical,CA:TRUE,pathlen:0\nc: issuer=i",
     "c i r",
     {CHAIN_STRICT},
     1,
     NULL},
    {"no-eku", "r: ca\nc: issuer=r eku=none", "c r", {CHAIN_MISSING_EKU}, 1, NULL},
    {"netscape", "r: ca\nc: issuer=r ext=2.16.840.1.113730.1.1=03020780", "c r", {0}, 0, NULL},
    {"netscape-server", "r: ca\nc: issuer=r ext=2.16.840.1.113730.1.1=03020640", "c r", {0}, 0, NULL},
    {"netscape-not-ca", "r: ca\ni: ca issuer=r ext=2.16.840.1.113730.1.1=03020780\nc: issuer=i", "c i r", {0}, 0, NULL},
    {"netscape-ca", "r: ca\ni: ca issuer=r ext=2.16.840.1.113730.1.1=03020204\nc: issuer=i", "c i r", {0}, 0, NULL},
    {"constraints",
     "r: ca\ni: ca issuer=r "
     "nc='critical,permitted;DNS:a.example,permitted;RID:1.2.3,permitted;email:example.com,permitted;URI:.b.example,"
     "excluded;IP:10.0.0.0/255.0.0.0'\nc: issuer=i",
     NULL,
     {0},
     0,
     NULL},
    {"permitted",
     "r: ca\ni: ca issuer=r nc=critical,permitted;DNS:a.example,permitted;URI:.b.example,permitted;email:b.example\n"
     "c: issuer=i san=dns:c.a.example,uri:https://x.b.example/,email:me@b.example cn=c.a.example",
     "c i r",
     {0},
     0,
     NULL},
    {"excluded",
     "r: ca\ni: ca issuer=r "
     "nc=critical,excluded;DNS:z.example,excluded;IP:10.0.0.0/255.0.0.0,excluded;email:z.example\n"
     "c: issuer=i san=dns:*.a.example,ip:192.0.2.1,ip:2001:db8::1,email:me@a.example",
     "c i r",
     {CHAIN_STRICT},
     1,
     NULL},
    {"policies",
     "r: ca policies=2.5.29.32.0\ni: ca issuer=r policies=1.2.3.4,1.2.3.5 policy-constraints=critical,"
     "requireExplicitPolicy:0,inhibitPolicyMapping:1 inhibit-any=critical,1\nc: issuer=i policies=1.2.3.4",
     "c i r",
     {CHAIN_NAMED_POLICY | CHAIN_EXPLICIT_POLICY},
     1,
     NULL},
    {"mappings",
     "r: ca\nx: ca issuer=r policies=1.2.3.4 mappings=critical,1.2.3.4:1.2.3.5\ni: ca issuer=x policies=1.2.3.5\n"
     "c: issuer=i policies=1.2.3.5",
     "c i x r",
     {CHAIN_NAMED_POLICY | CHAIN_EXPLICIT_POLICY},
     1,
     NULL},
    {"any-policy",
     "r: ca\ni: ca issuer=r policies=2.5.29.32.0\nc: issuer=i policies=1.2.3.4",
     "c i r",
     {CHAIN_INHIBIT_ANY | CHAIN_INHIBIT_MAPPING},
     1,
     NULL},
    {"cross", "r: ca\no: ca cn=i\ni: ca issuer=r key=@o\nc: issuer=i", "c o i r", {0, 0, 0, 0, 2, 4}, 6, "0113"},
    {"same-name", "r: ca\no: ca issuer=r cn=i\ni: ca issuer=r\nc: issuer=i", "c o i r", {0, 0, 0, 3, 4}, 5, NULL},
    {"self-issued", "r: ca\no: ca issuer=r cn=r\nc: issuer=o", "c o r", {0}, 0, NULL},
    {"names",
     "r: ca\nc: issuer=r subject=/C=DE/O=Plant/OU=Hall\\x20\\x7f/CN=c\\x20d/DC=x "
     "san=dirname:/CN=x/O=y,rid:1.2.3,other:1.2.3.4=text,iphex:0a000001,uri:urn:a,email:a@b.example",
     "c r",
     {0},
     0,
     NULL},
    {"broken", "r: ca\nc: issuer=r", "c r", {0, 0, 0, 0xff}, 4, NULL},
    {"late", "r: ca\nc: issuer=r", "c r", {0, 0, 20}, 3, NULL},
    {"critical",
     "r: ca\nc: issuer=r ext=critical,1.2.3.4=0500 ext=2.5.29.18=300a820861622e6578616d70",
     "c r",
     {0},
     0,
     NULL},
    {"proxy", "r: ca\nc: issuer=r\np: issuer=c proxy=critical,language:id-ppl-anyLanguage", "p c r", {0}, 0, NULL},
    {"old", "r: ca version=1\nc: issuer=r version=1 serial=0", "c r", {0}, 0, NULL},
    {"bits",
     "r: ca ku=critical,keyCertSign,cRLSign,digitalSignature\nc: issuer=r ku=keyAgreement,decipherOnly",
     "c r",
     {0},
     0,
     NULL},
};

static const char *const certificates[] = {
    "c: key=rsa2048 digest=sha512",  "c: key=rsapss2048", "c: key=p521 digest=sha384",
    "c: key=p256-explicit",          "c: key=ed448",      "c: key=dsa",
    "c: key=rsa1024-e3 digest=sha1", "c: key=secp256k1",  "c: raw-not-after=99991231235959",
};

static void write_file(const char *folder, const char *kind, const char *name, const void *data, size_t len)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s", folder, kind, name);
    FILE *out = fopen(path, "we");
    if (!out || fwrite(data, 1, len, out) != len || fclose(out) != 0) {
        perror(path);
        exit(1);
    }
}

/* Adds the tbsCertificate with one of the fixed keys. It is signed when the input runs. */
static void add_tbs(struct piece *to, const X509 *cert, size_t key)
{
    X509 *copy = X509_dup(cert);
    unsigned char *der = NULL;
    if (!copy || X509_set_pubkey(copy, chain_key(key)) != 1 || !X509_sign(copy, chain_key(key), NULL))
        abort();
    int len = i2d_re_X509_tbs(copy, &der);
    if (len <= 0)
        abort();
    piece_add(to, der, (size_t)len);
    OPENSSL_free(der);
    X509_free(copy);
}

static void write_chain(const char *folder, struct cg_pki *pki, size_t row)
{
    struct piece all = {0};
    STACK_OF(X509) *certs = cg_pki_stack(pki, chains[row].chain);
    piece_add(&all, chains[row].options, chains[row].noptions);
    piece_wrap(&all, CG_DER_OCTET_STRING);
    for (int i = 0; i < sk_X509_num(certs); i++)
        add_tbs(&all, sk_X509_value(certs, i), chains[row].keys ? (size_t)(chains[row].keys[i] - '0') : (size_t)i);
    piece_wrap(&all, CG_DER_SEQUENCE);
    write_file(folder, "chain", chains[row].name, all.data, all.len);
    piece_free(&all);
    sk_X509_pop_free(certs, X509_free);
}

static void write_certificate(const char *folder, const struct cg_pki *pki, const char *of, const char *name)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cg_pki_cert(pki, of), &der);
    write_file(folder, "cert", name, der, (size_t)len);
    OPENSSL_free(der);
}

/* Requests of "dev" with each type of key, and with the fixed key, which fuzz_request signs with. */
static void write_requests(const char *folder, const struct cg_pki *pki)
{
    static const char *const types[] = {"p256", "p384", "p521", "rsa2048", "ed25519", "ed448", "fixed"};
    static struct cg_made names, subject, made;
    struct cg_request_parts parts = {.current = cg_pki_cert(pki, "dev"), .old = cg_pki_key(pki, "dev")};
    char name[64];
    cg_made_names(parts.current, &names);
    cg_made_subject(parts.current, &subject);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        parts.key = strcmp(types[i], "fixed") == 0 ? chain_key(1) : cg_pki_cached_key(types[i], 0);
        for (unsigned with = 0; with < 4; with++) {
            parts.subject = with & 1 ? &subject : NULL;
            parts.attributes = with & 2 ? &names : NULL;
            cg_request_make(&parts, &made);
            snprintf(name, sizeof name, "%s-%u", types[i], with);
            write_file(folder, "request", name, made.data, made.len);
        }
    }
}

static void write_statements(const char *folder, const struct cg_pki *pki)
{
    static struct cg_made made;
    X509 *fixed = cg_cert_with_key(cg_pki_cert(pki, "next"), chain_key(1), chain_key(1));
    cg_statement_make(cg_pki_cert(pki, "next"), cg_pki_cert(pki, "ca"), cg_pki_key(pki, "ca"), &made);
    write_file(folder, "statement", "root", made.data, made.len);
    cg_statement_make(fixed, cg_pki_cert(pki, "ca"), cg_pki_key(pki, "ca"), &made);
    write_file(folder, "statement", "fixed", made.data, made.len);
    cg_statement_make_drop(cg_pki_cert(pki, "ca"), cg_pki_key(pki, "next"), &made);
    write_file(folder, "statement", "drop", made.data, made.len);
    X509_free(fixed);
}

static void write_json(const char *folder, const char *name, cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    if (!text)
        abort();
    write_file(folder, "mailbox", name, text, strlen(text));
    cJSON_free(text);
    cJSON_Delete(json);
}

static void write_mail(const char *folder, const struct cg_pki *pki)
{
    static struct cg_made made;
    struct cg_refusal refusal;
    struct cg_mail_request request = {.received = CHAIN_NOW, .certificate = cg_pki_cert(pki, "dev")};
    const struct cg_request_parts parts = {
        .current = request.certificate, .old = cg_pki_key(pki, "dev"), .key = cg_pki_key(pki, "next")};
    cg_request_make(&parts, &made);
    request.data = made.data;
    request.len = made.len;
    if (!cg_renewal_parse(made.data, made.len, &request.request, &refusal) ||
        !cg_renewal_id(request.certificate, &request.request, request.id))
        abort();
    write_json(folder, "request", cg_mail_request_json(&request));
    write_json(folder, "done", cg_mail_done_json(request.id, CHAIN_NOW));
    struct cg_mail_answer answer = {.certificate = request.certificate, .chain = cg_pki_stack(pki, "ca next")};
    memcpy(answer.id, request.id, sizeof answer.id);
    write_json(folder, "issued", cg_mail_answer_json(&answer));
    sk_X509_pop_free(answer.chain, X509_free);
    answer.certificate = NULL;
    answer.refused = CG_REASON_RENEWAL_FORKED;
    write_json(folder, "refused", cg_mail_answer_json(&answer));
}

static void write_renewal(const char *folder, struct cg_pki *pki)
{
    cg_pki_make(pki, "ca: ca\nnext: ca\ndev: issuer=ca san=uri:urn:dev:1,dns:dev1.example");
    write_requests(folder, pki);
    write_statements(folder, pki);
    write_mail(folder, pki);
}

int main(int argc, char **argv)
{
    char name[64];
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_seeds CORPORA-FOLDER\n");
        return 64;
    }
    struct cg_pki *pki = cg_pki_new(CHAIN_NOW);
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        cg_pki_make(pki, chains[i].recipe);
        if (chains[i].chain)
            write_chain(argv[1], pki, i);
        snprintf(name, sizeof name, "%s", chains[i].name);
        write_certificate(argv[1], pki, "c", name);
    }
    for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++) {
        cg_pki_make(pki, certificates[i]);
        snprintf(name, sizeof name, "key%zu", i);
        write_certificate(argv[1], pki, "c", name);
    }
    write_renewal(argv[1], pki);
    cg_pki_free(pki);
    return 0;
}
