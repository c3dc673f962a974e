/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Describes a certificate, a CRL or a key: subject, purpose, validity, problems. */
#include "broker/tls_probe.h"
#include "ca/key.h"
#include "cli/findings.h"
#include "cli/print.h"
#include "core/base/datetime.h"
#include "core/cert/name.h"
#include "deploy/renewal.h"
#include "lint/lint.h"
#include "lint/object.h"
#include "verbs.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 10000

/* One line of the description. The text output is made from the JSON. */
static void line(cJSON *json, const char *key, const char *text)
{
    if (text[0])
        cJSON_AddStringToObject(json, key, text);
}

static const char *purpose(const struct cg_lint_object *o)
{
    if (o->ca)
        return "a CA: it signs certificates";
    if (o->unclear)
        return "not stated: a CA, or any purpose";
    if (o->server && o->client)
        return "broker and client (serverAuth, clientAuth)";
    return o->server   ? "broker (serverAuth)"
           : o->client ? "client (clientAuth)"
           : o->eku    ? "other purposes"
                       : "any purpose";
}

static void names(const struct cg_lint_object *o, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(o->san) && used < size; i++) {
        char text[256];
        cg_san_text(sk_GENERAL_NAME_value(o->san, i), text, sizeof text);
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", text);
    }
}

static void time_line(cJSON *json, const char *key, int64_t seconds)
{
    char text[32];
    cg_time_text(seconds, text, sizeof text);
    line(json, key, text);
}

/* The end and the days left, which are negative after the end. */
static void end_lines(cJSON *json, const char *key, int64_t now, int64_t end)
{
    time_line(json, key, end);
    const int64_t days = (end - now) / CG_DAY;
    if (end != CG_TIME_NONE)
        cJSON_AddNumberToObject(json, "days_left", (double)days);
}

static void certificate(const struct cg_lint_object *o, cJSON *json)
{
    char text[1024];
    int64_t due = 0;
    cg_name_text(X509_get_subject_name(o->cert), text, sizeof text);
    line(json, "subject", text);
    line(json, "for", purpose(o));
    names(o, text, sizeof text);
    line(json, "names", text);
    cg_name_text(X509_get_issuer_name(o->cert), text, sizeof text);
    line(json, "issuer", text);
    cJSON_AddBoolToObject(json, "self_signed", o->self_signed);
    time_line(json, "not_before", o->not_before);
    end_lines(json, "not_after", o->now, o->not_after);
    if (!o->ca && cg_renewal_due(o->cert, o->now, &due))
        time_line(json, "renewal_due", due);
    cg_key_text(o->key, text, sizeof text);
    line(json, "key", text);
    line(json, "signed_with", OBJ_nid2ln(X509_get_signature_nid(o->cert)));
    cg_serial_text(X509_get0_serialNumber(o->cert), text, sizeof text);
    line(json, "serial", text);
    if (cg_sha256_text(o->cert, text))
        line(json, "sha256", text);
}

static void crl(const struct cg_lint_object *o, cJSON *json)
{
    char text[1024];
    int64_t t = 0;
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(o->crl, NID_crl_number, NULL, NULL);
    cg_name_text(X509_CRL_get_issuer(o->crl), text, sizeof text);
    line(json, "issuer", text);
    if (number) {
        cg_serial_text(number, text, sizeof text);
        line(json, "number", text);
    }
    ASN1_INTEGER_free(number);
    int revoked = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(o->crl));
    cJSON_AddNumberToObject(json, "revoked", revoked > 0 ? revoked : 0);
    if (cg_time_seconds(X509_CRL_get0_lastUpdate(o->crl), &t))
        time_line(json, "issued", t);
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(o->crl);
    if (next && cg_time_seconds(next, &t))
        end_lines(json, "next_update", o->now, t);
    line(json, "signed_with", OBJ_nid2ln(X509_CRL_get_signature_nid(o->crl)));
}

static void private_key(const struct cg_lint_object *o, cJSON *json)
{
    char text[256];
    if (o->encrypted)
        snprintf(text, sizeof text, "protected by a passphrase");
    else
        cg_key_text(o->key, text, sizeof text);
    line(json, "key", text);
    snprintf(text, sizeof text, "%04o", (unsigned)(o->mode & 07777));
    line(json, "mode", text);
    if (o->owner)
        line(json, "certificate", o->owner->file);
}

static cJSON *describe(const struct cg_lint *lint, size_t i)
{
    static const char *const kinds[] = {"certificate", "CRL", "private key"};
    const struct cg_lint_object *o = cg_lint_object(lint, i);
    cJSON *json = cJSON_CreateObject();
    line(json, "kind", kinds[o->kind]);
    line(json, "file", o->file);
    if (o->kind == CG_LINT_CERTIFICATE)
        certificate(o, json);
    else if (o->kind == CG_LINT_CRL)
        crl(o, json);
    else
        private_key(o, json);
    cJSON *findings = cJSON_AddArrayToObject(json, "findings");
    for (size_t f = 0; f < cg_lint_count(lint); f++) {
        const struct cg_lint_finding *finding = cg_lint_finding(lint, f);
        const struct cg_found found = cg_lint_found(finding);
        if (finding->number == i && finding->row->severity >= CG_LINT_WARNING)
            cJSON_AddItemToArray(findings, cg_found_json(&found));
    }
    return json;
}

/* "not_after" is shown as "not after". */
static void print_line(const char *key, const cJSON *value)
{
    char words[32];
    snprintf(words, sizeof words, "%s", key);
    for (char *c = words; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    if (cJSON_IsNumber(value))
        cg_print(stdout, "  %-12s %.0f\n", words, value->valuedouble);
    else if (cJSON_IsTrue(value))
        cg_print(stdout, "  %-12s yes\n", words);
    else if (cJSON_IsString(value))
        cg_print(stdout, "  %-12s %s\n", words, value->valuestring);
}

static void print_text(const cJSON *object)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, object)
    {
        if (strcmp(item->string, "kind") == 0)
            cg_print_in(stdout, CG_BOLD, "%s\n", item->valuestring);
        else
            print_line(item->string, item);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(object, "findings"))
    {
        const char *detail = cg_member_text(item, "detail");
        cg_print_in(stdout, CG_YELLOW, "  %-12s", cg_member_text(item, "severity"));
        cg_print(stdout, " %s%s%s%s\n", cg_member_text(item, "why"), *detail ? " (" : "", detail, *detail ? ")" : "");
    }
}

static bool add_served(struct cg_lint *lint, const char *host_port, struct cg_error *err)
{
    STACK_OF(X509) *chain = cg_tls_probe_chain(host_port, TIMEOUT_MS, err);
    bool ok = chain;
    for (int i = 0; ok && i < sk_X509_num(chain); i++)
        ok = cg_lint_add_certificate(lint, sk_X509_value(chain, i));
    sk_X509_pop_free(chain, X509_free);
    return ok;
}

/* A file takes precedence over a name of the CA. */
static const char *find(const struct cg_cli *cli, const char *what, char path[PATH_MAX])
{
    if (strchr(what, '/') || access(what, F_OK) == 0)
        return what;
    bool fits = snprintf(path, PATH_MAX, "%s/live/%s/fullchain.pem", cli->dir, what) < PATH_MAX;
    return fits && access(path, F_OK) == 0 ? path : what;
}

static int run(const struct cg_cli *cli, const void *options)
{
    (void)options;
    struct cg_error err = {""};
    char path[PATH_MAX];
    const char *what = find(cli, cli->args[0], path);
    struct cg_lint *lint = cg_lint_new(cli->now);
    bool server = access(what, F_OK) != 0 && strchr(what, ':');
    bool ok = lint && (server ? add_served(lint, what, &err) : cg_lint_add_path(lint, what, &err)) && cg_lint_run(lint);
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; ok && i < cg_lint_objects(lint); i++) {
        cJSON *object = describe(lint, i);
        if (!cli->json)
            print_text(object);
        cJSON_AddItemToArray(list, object);
    }
    cg_lint_free(lint);
    if (ok)
        cg_result(cli, list);
    else
        cJSON_Delete(list);
    return ok ? CG_EXIT_OK : cg_fail(cli, CG_EXIT_FAILED, &err);
}

const struct cg_verb cg_verb_inspect = {
    .name = "inspect",
    .group = CG_GROUP_CHECK,
    CG_ARGUMENTS("FILE|NAME|HOST:PORT", 1, 1),
    .completes = CG_WORD_NAME_OR_FILE,
    .summary = "show the subject, purpose, validity and problems of a certificate",
    .description =
        "FILE may contain certificates, CRLs and private keys, in PEM or DER, or be a folder of such files. NAME\n"
        "is a name for which the CA of -C issued a certificate. With HOST:PORT, inspect makes a TLS handshake\n"
        "and shows the certificates that the server sends, without verifying them. To find out whether the\n"
        "plugin accepts a certificate, use certguard check.",
    .examples = "certguard inspect broker.crt\n"
                "certguard inspect broker.lan:8883\n"
                "certguard inspect --json crl.pem",
    .run = run,
};
