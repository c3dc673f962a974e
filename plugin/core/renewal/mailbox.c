/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "mailbox.h"
#include "question.h"

#include "core/base/datetime.h"
#include "core/base/text.h"
#include "core/policy/policy_json.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static bool fail(struct cg_error *err, const char *key, const char *expected)
{
    cg_error_set(err, "%s: expected %s", key, expected);
    return false;
}

/* The members of the object are exactly these keys, all of them. NULL ends the list. */
static bool has_keys(const cJSON *json, const char *const *keys, struct cg_error *err)
{
    int count = 0;
    if (!cJSON_IsObject(json))
        return fail(err, "$", "an object");
    for (; keys[count]; count++)
        if (!cJSON_GetObjectItemCaseSensitive(json, keys[count]))
            return fail(err, keys[count], "this key");
    return cJSON_GetArraySize(json) == count || fail(err, "$", "no other keys");
}

static const char *string_of(const cJSON *json, const char *key, struct cg_error *err)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));
    if (!text)
        fail(err, key, "a string");
    return text;
}

static bool read_id(const cJSON *json, char id[CG_RENEWAL_ID_MAX], struct cg_error *err)
{
    const char *text = string_of(json, "id", err);
    if (!text)
        return false;
    if (!cg_renewal_id_is_valid(text))
        return fail(err, "id", "64 hex digits in lower case");
    memcpy(id, text, CG_RENEWAL_ID_MAX);
    return true;
}

/* Exactly in the form in which it is written. */
static bool read_time(const cJSON *json, const char *key, int64_t *seconds, struct cg_error *err)
{
    char again[CG_TIME_TEXT_MAX];
    const char *text = string_of(json, key, err);
    if (!text)
        return false;
    if (!cg_time_read_text(text, seconds))
        return fail(err, key, "a time such as 2026-11-23T12:00:00Z");
    cg_time_print(*seconds, again);
    return strcmp(again, text) == 0 || fail(err, key, "a time such as 2026-11-23T12:00:00Z");
}

/* text: in base64. The result is malloc'ed. */
static unsigned char *decode(const char *key, const char *text, size_t *len, struct cg_error *err)
{
    const size_t text_len = strlen(text), size = text_len / 4 * 3;
    unsigned char *data = text_len <= CG_MAILBOX_FILE_MAX ? malloc(size + 1) : NULL;
    if (!data) {
        fail(err, key, "less data, or more memory");
        return NULL;
    }
    *len = strchr(text, '\n') ? 0 : cg_renewal_decode(text, text_len, data, size);
    if (*len > 0)
        return data;
    fail(err, key, "base64");
    free(data);
    return NULL;
}

/* A certificate that OpenSSL writes as it was read, so that its digest is that of the data. */
static X509 *certificate_of(const char *key, const unsigned char *data, size_t len, struct cg_error *err)
{
    const unsigned char *at = data;
    unsigned char *again = NULL;
    ERR_set_mark();
    X509 *cert = d2i_X509(NULL, &at, (long)len);
    const int again_len = cert ? i2d_X509(cert, &again) : -1;
    ERR_pop_to_mark();
    const bool same = again_len > 0 && (size_t)again_len == len && memcmp(again, data, len) == 0;
    OPENSSL_free(again);
    if (same)
        return cert;
    X509_free(cert);
    fail(err, key, "one certificate in DER");
    return NULL;
}

static X509 *read_certificate(const char *key, const cJSON *json, struct cg_error *err)
{
    const char *text = cJSON_GetStringValue(json);
    size_t len = 0;
    if (!text) {
        fail(err, key, "a string");
        return NULL;
    }
    unsigned char *data = decode(key, text, &len, err);
    X509 *cert = data ? certificate_of(key, data, len, err) : NULL;
    free(data);
    return cert;
}

static bool read_request(const cJSON *json, struct cg_mail_request *out, struct cg_error *err)
{
    char id[CG_RENEWAL_ID_MAX];
    struct cg_refusal refusal;
    const char *text = string_of(json, "request", err);
    out->data = text ? decode("request", text, &out->len, err) : NULL;
    if (!out->data)
        return false;
    if (!cg_renewal_parse(out->data, out->len, &out->request, &refusal)) {
        cg_error_set(err, "request: %s", refusal.detail);
        return false;
    }
    if (!cg_renewal_id(out->certificate, &out->request, id)) {
        cg_error_set(err, "out of memory");
        return false;
    }
    return strcmp(id, out->id) == 0 || fail(err, "id", "that of certificate and request");
}

bool cg_mail_request_of(const cJSON *json, struct cg_mail_request *out, struct cg_error *err)
{
    static const char *const keys[] = {"id", "received", "certificate", "request", NULL};
    memset(out, 0, sizeof *out);
    if (!has_keys(json, keys, err) || !read_id(json, out->id, err) || !read_time(json, "received", &out->received, err))
        return false;
    out->certificate = read_certificate("certificate", cJSON_GetObjectItemCaseSensitive(json, "certificate"), err);
    return out->certificate && read_request(json, out, err);
}

/* NULL with *err. */
static cJSON *parse(const char *text, size_t len, struct cg_error *err)
{
    if (len <= CG_MAILBOX_FILE_MAX)
        return cg_json_parse("$", text, len, err);
    fail(err, "$", "at most 64 KiB");
    return NULL;
}

bool cg_mail_request_read(const char *text, size_t len, struct cg_mail_request *out, struct cg_error *err)
{
    cJSON *json = parse(text, len, err);
    memset(out, 0, sizeof *out);
    const bool ok = json && cg_mail_request_of(json, out, err);
    cJSON_Delete(json);
    return ok;
}

void cg_mail_request_clear(struct cg_mail_request *request)
{
    X509_free(request->certificate);
    free(request->data);
    memset(request, 0, sizeof *request);
}

static cJSON *base64(const unsigned char *data, size_t len)
{
    char *text = malloc((len + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    cJSON *json = cJSON_CreateString(text);
    free(text);
    return json;
}

static cJSON *certificate_json(const X509 *cert)
{
    unsigned char *der = NULL;
    const int len = i2d_X509(cert, &der);
    cJSON *json = len > 0 ? base64(der, (size_t)len) : NULL;
    OPENSSL_free(der);
    return json;
}

/* Takes item, which may be NULL: false. */
static bool add(cJSON *json, const char *key, cJSON *item)
{
    if (item && cJSON_AddItemToObject(json, key, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static bool add_time(cJSON *json, const char *key, int64_t seconds)
{
    char text[CG_TIME_TEXT_MAX];
    cg_time_print(seconds, text);
    return cJSON_AddStringToObject(json, key, text) != NULL;
}

/* json itself, or NULL. */
static cJSON *whole_or_none(cJSON *json, bool ok)
{
    if (ok)
        return json;
    cJSON_Delete(json);
    return NULL;
}

cJSON *cg_mail_request_json(const struct cg_mail_request *request)
{
    cJSON *json = cJSON_CreateObject();
    const bool ok = json && cJSON_AddStringToObject(json, "id", request->id) &&
                    add_time(json, "received", request->received) &&
                    add(json, "certificate", certificate_json(request->certificate)) &&
                    add(json, "request", base64(request->data, request->len));
    return whole_or_none(json, ok);
}

static bool read_chain(const cJSON *json, struct cg_mail_answer *out, struct cg_error *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "chain"), *item;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > CG_RENEW_CHAIN_MAX)
        return fail(err, "chain", "a list of at most 4 certificates");
    out->chain = sk_X509_new_null();
    cJSON_ArrayForEach(item, list)
    {
        X509 *cert = read_certificate("chain", item, err);
        if (!cert)
            return false;
        if (!out->chain || sk_X509_push(out->chain, cert) <= 0) {
            X509_free(cert);
            break;
        }
    }
    return (out->chain && sk_X509_num(out->chain) == cJSON_GetArraySize(list)) || fail(err, "chain", "more memory");
}

static bool read_issued(const cJSON *json, struct cg_mail_answer *out, struct cg_error *err)
{
    static const char *const keys[] = {"id", "certificate", "chain", NULL};
    if (!has_keys(json, keys, err) || !read_id(json, out->id, err))
        return false;
    out->certificate = read_certificate("certificate", cJSON_GetObjectItemCaseSensitive(json, "certificate"), err);
    out->refused = CG_REASON_OK;
    return out->certificate && read_chain(json, out, err);
}

static bool read_refused(const cJSON *json, struct cg_mail_answer *out, struct cg_error *err)
{
    static const char *const keys[] = {"id", "refused", "detail", NULL};
    if (!has_keys(json, keys, err) || !read_id(json, out->id, err))
        return false;
    const char *code = string_of(json, "refused", err), *detail = string_of(json, "detail", err);
    if (!code || !detail)
        return false;
    const enum cg_reason refused = cg_reason_from_code(code);
    if (cg_reason_row(refused)->kind != CG_KIND_RENEWAL)
        return fail(err, "refused", "a code renewal_*");
    out->refused = refused;
    return cg_text_escape(detail, strlen(detail), out->detail, sizeof out->detail) ||
           fail(err, "detail", "one line of at most 159 octets without control characters");
}

bool cg_mail_answer_of(const cJSON *json, struct cg_mail_answer *out, struct cg_error *err)
{
    memset(out, 0, sizeof *out);
    return cJSON_GetObjectItemCaseSensitive(json, "refused") ? read_refused(json, out, err)
                                                             : read_issued(json, out, err);
}

bool cg_mail_answer_read(const char *text, size_t len, struct cg_mail_answer *out, struct cg_error *err)
{
    cJSON *json = parse(text, len, err);
    memset(out, 0, sizeof *out);
    const bool ok = json && cg_mail_answer_of(json, out, err);
    cJSON_Delete(json);
    return ok;
}

void cg_mail_answer_clear(struct cg_mail_answer *answer)
{
    X509_free(answer->certificate);
    sk_X509_pop_free(answer->chain, X509_free);
    memset(answer, 0, sizeof *answer);
}

static cJSON *chain_json(STACK_OF(X509) *chain)
{
    cJSON *list = cJSON_CreateArray();
    bool ok = list != NULL;
    for (int i = 0; ok && i < sk_X509_num(chain); i++) {
        cJSON *item = certificate_json(sk_X509_value(chain, i));
        ok = item && cJSON_AddItemToArray(list, item);
    }
    return whole_or_none(list, ok);
}

cJSON *cg_mail_answer_json(const struct cg_mail_answer *answer)
{
    cJSON *json = cJSON_CreateObject();
    bool ok = json && cJSON_AddStringToObject(json, "id", answer->id);
    if (answer->certificate)
        ok = ok && add(json, "certificate", certificate_json(answer->certificate)) &&
             add(json, "chain", chain_json(answer->chain));
    else
        ok = ok && cJSON_AddStringToObject(json, "refused", cg_reason_row(answer->refused)->code) &&
             cJSON_AddStringToObject(json, "detail", answer->detail);
    return whole_or_none(json, ok);
}

bool cg_mail_done_read(const char *text, size_t len, const char *id, int64_t *confirmed, struct cg_error *err)
{
    static const char *const keys[] = {"id", "confirmed", NULL};
    char found[CG_RENEWAL_ID_MAX];
    cJSON *json = parse(text, len, err);
    bool ok = json && has_keys(json, keys, err) && read_id(json, found, err) &&
              read_time(json, "confirmed", confirmed, err);
    if (ok && strcmp(found, id) != 0)
        ok = fail(err, "id", "that of the file's name");
    cJSON_Delete(json);
    return ok;
}

cJSON *cg_mail_done_json(const char *id, int64_t confirmed)
{
    cJSON *json = cJSON_CreateObject();
    const bool ok = json && cJSON_AddStringToObject(json, "id", id) && add_time(json, "confirmed", confirmed);
    return whole_or_none(json, ok);
}
