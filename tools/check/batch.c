/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "batch.h"
#include "base/failure.h"

#include "core/base/text.h"
#include "core/cert/pem.h"
#include "core/file/file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX  1000
#define FILE_LIMIT (64U << 20)
#define ANY_POLICY "2.5.29.32.0"

const struct cg_profile *cg_batch_profile(const struct cg_policy *policy, enum cg_purpose purpose, uint16_t port)
{
    const struct cg_listener_policy *listener = cg_policy_listener(policy, port);
    return purpose == CG_PURPOSE_SERVER ? &listener->server : &listener->client;
}

int cg_batch_next(FILE *in, char **line, size_t *size, size_t *len, struct cg_error *err)
{
    int c;
    size_t n = 0;
    bool fits = true;
    while ((c = getc(in)) != EOF && c != '\n') {
        if (n + 1 >= *size && fits) {
            size_t bigger = *size ? *size * 2 : 4096;
            char *grown = bigger <= CG_BATCH_LINE_MAX ? realloc(*line, bigger) : NULL;
            fits = grown;
            if (grown) {
                *line = grown;
                *size = bigger;
            }
        }
        if (fits)
            (*line)[n++] = (char)c;
    }
    *len = n;
    if (!fits)
        cg_error_set(err, "the line is longer than %u MiB", CG_BATCH_LINE_MAX >> 20);
    else if (ferror(in))
        cg_error_set(err, "cannot read the line: %s", strerror(errno));
    else
        return c == EOF && n == 0 ? 0 : 1;
    return -1;
}

/* Reads the members of a case. */
struct reader {
    const struct cg_batch *batch;
    struct cg_batch_case *out;
    struct cg_error *err;
};

static bool expected(const struct reader *r, const char *key, const char *what)
{
    return cg_fail_text(r->err, "\"%s\": expected %s", key, what);
}

/* NULL if missing or null. */
static const cJSON *member(const struct reader *r, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(r->out->json, key);
    return cJSON_IsNull(value) ? NULL : value;
}

/* The bytes of an item: its PEM text, or the contents of the file it names. */
static bool read_item(const struct reader *r, const char *key, const cJSON *item, struct cg_bytes *out)
{
    const char *text = cJSON_GetStringValue(item);
    *out = (struct cg_bytes){0};
    if (!text || !*text)
        return expected(r, key, "PEM text or a file name");
    if (strstr(text, "-----BEGIN ")) {
        out->data = (unsigned char *)strdup(text);
        out->len = strlen(text);
        return out->data || cg_fail_memory(r->err);
    }
    if (r->batch->no_files)
        return expected(r, key, "PEM text");
    char *path = cg_file_relative_to(r->batch->file, text);
    bool ok = path && cg_file_read(path, CG_FILE_PUBLIC, FILE_LIMIT, out, r->err);
    free(path);
    return ok;
}

/* Calls add for each string of a list, or for a single string. */
typedef bool add_item(const struct reader *r, const char *key, const struct cg_bytes *bytes);

static bool read_list(const struct reader *r, const char *key, add_item *add)
{
    const cJSON *list = member(r, key), *item = NULL;
    if (!list)
        return true;
    if (cJSON_IsArray(list) && cJSON_GetArraySize(list) > ITEMS_MAX)
        return expected(r, key, "at most 1000 items");
    if (!cJSON_IsArray(list) && !cJSON_IsString(list))
        return expected(r, key, "a list of strings");
    for (item = cJSON_IsArray(list) ? list->child : list; item; item = cJSON_IsArray(list) ? item->next : NULL) {
        struct cg_bytes bytes;
        bool ok = read_item(r, key, item, &bytes) && add(r, key, &bytes);
        cg_bytes_free(&bytes);
        if (!ok)
            return false;
    }
    return true;
}

/* The first certificate is the leaf. In a handshake, unreadable bytes are a failure of the peer. */
static bool add_certificates(const struct reader *r, const char *key, const struct cg_bytes *bytes)
{
    STACK_OF(X509) *all = NULL;
    (void)key;
    if (!cg_certificates_read("", bytes->data, bytes->len, ITEMS_MAX, &all, NULL))
        r->out->unreadable = true;
    while (sk_X509_num(all) > 0) {
        X509 *next = sk_X509_shift(all);
        if (!r->out->leaf)
            r->out->leaf = next;
        else if (!sk_X509_push(r->out->sent, next))
            X509_free(next);
    }
    sk_X509_free(all);
    return true;
}

static bool add_sent(const struct reader *r, const char *key, const struct cg_bytes *bytes)
{
    return r->out->unreadable || add_certificates(r, key, bytes);
}

static bool add_root(const struct reader *r, const char *key, const struct cg_bytes *bytes)
{
    return cg_batch_add_root(r->out, key, bytes, r->err);
}

static bool add_crl(const struct reader *r, const char *key, const struct cg_bytes *bytes)
{
    cg_batch_add_crl(r->out, key, bytes);
    return true;
}

static bool read_string(const struct reader *r, const char *key, const char **out)
{
    const cJSON *value = member(r, key);
    *out = cJSON_GetStringValue(value);
    return !value || *out || expected(r, key, "a string");
}

static bool read_id(const struct reader *r)
{
    const char *id = NULL;
    if (!read_string(r, "id", &id) || !id || !*id)
        return expected(r, "id", "the name of the case");
    cg_text_escape(id, strlen(id), r->out->id, sizeof r->out->id);
    return true;
}

static bool read_purpose(const struct reader *r)
{
    static const struct {
        const char *word;
        enum cg_purpose purpose;
    } words[] = {{"client", CG_PURPOSE_CLIENT}, {"server", CG_PURPOSE_SERVER}, {"any", CG_PURPOSE_ANY}};
    const char *word = NULL;
    if (!read_string(r, "purpose", &word))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!word || strcmp(word, words[i].word) == 0) {
            r->out->input.purpose = words[i].purpose; /* default: client */
            return true;
        }
    return expected(r, "purpose", "client, server or any");
}

static bool whole_number(const cJSON *value, double limit)
{
    return cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble <= limit &&
           (double)(int64_t)value->valuedouble >= value->valuedouble;
}

static bool read_time(const struct reader *r)
{
    const cJSON *value = member(r, "time");
    r->out->input.now = r->batch->now;
    if (value && !whole_number(value, 253402300799.0)) /* the end of the year 9999 */
        return expected(r, "time", "whole seconds since 1970");
    if (value)
        r->out->input.now = (int64_t)value->valuedouble;
    return true;
}

static bool read_host(const struct reader *r)
{
    const cJSON *peer = member(r, "peer_name");
    if (!peer)
        return true;
    const char *host = cJSON_GetStringValue(cJSON_IsObject(peer) ? cJSON_GetObjectItemCaseSensitive(peer, "value")
                                                                 : peer);
    if (!host || !*host)
        return expected(r, "peer_name", "a host name or address");
    r->out->host = strdup(host);
    r->out->input.host = r->out->host;
    return r->out->host || cg_fail_memory(r->err);
}

static bool read_depth(const struct reader *r)
{
    const cJSON *value = member(r, "depth");
    if (value && !whole_number(value, 100))
        return expected(r, "depth", "a number from 0 to 100");
    if (value)
        r->out->profile.max_depth = (unsigned)value->valuedouble;
    return true;
}

/* RFC 5280 6.1.1 (c) to (f). anyPolicy as the initial set means the same as no set. */
static bool read_policy(const struct reader *r)
{
    const cJSON *policy = member(r, "policy"), *item = NULL;
    struct cg_certificate_policies *to = &r->out->profile.policies;
    if (!policy)
        return true;
    const cJSON *initial = cJSON_GetObjectItemCaseSensitive(policy, "initial");
    int count = cJSON_GetArraySize(initial);
    if (!cJSON_IsObject(policy) || (initial && !cJSON_IsArray(initial)) || count > ITEMS_MAX)
        return expected(r, "policy", "an object with \"initial\", a list of identifiers");
    *to = (struct cg_certificate_policies){
        .require_explicit = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(policy, "explicit")),
        .inhibit_mapping = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(policy, "inhibit_map")),
        .inhibit_any = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(policy, "inhibit_any")),
    };
    r->out->oids = calloc((size_t)count + 1, sizeof *r->out->oids);
    if (!r->out->oids)
        return cg_fail_memory(r->err);
    to->oids.item = r->out->oids;
    cJSON_ArrayForEach(item, initial)
    {
        const char *oid = cJSON_GetStringValue(item);
        ASN1_OBJECT *object = oid ? OBJ_txt2obj(oid, 1) : NULL;
        ASN1_OBJECT_free(object);
        if (!object)
            return expected(r, "policy", "object identifiers such as 1.3.6.1");
        r->out->oids[to->oids.count++] = oid;
    }
    if (to->oids.count == 1 && strcmp(to->oids.item[0], ANY_POLICY) == 0)
        to->oids.count = 0;
    return true;
}

/* The trust anchors and CRLs of the line. CA certificates that the peer sent may sign CRLs, as the line has no other
 * source for them. */
static bool read_trust(const struct reader *r)
{
    struct cg_batch_case *out = r->out;
    bool crls = member(r, "crls") && (!cJSON_IsArray(member(r, "crls")) || cJSON_GetArraySize(member(r, "crls")) > 0);
    out->input.trust = out->input.purpose == CG_PURPOSE_SERVER ? r->batch->server_trust : r->batch->trust;
    if (!member(r, "roots")) {
        if (crls)
            return expected(r, "crls", "\"roots\" in the same line");
        return out->input.trust || expected(r, "roots", "trust anchors, here or with --trust");
    }
    out->trust = cg_trust_new();
    out->input.trust = out->trust;
    if (!out->trust || !read_list(r, "roots", add_root))
        return false;
    if (r->batch->policy->trust.crl_extended)
        cg_trust_allow_extended_crls(out->trust);
    if (crls)
        cg_batch_trust_sent(out->trust, out->sent);
    out->profile.crl_required |= crls;
    return read_list(r, "crls", add_crl);
}

bool cg_batch_parse(const struct cg_batch *batch, const char *line, size_t len, struct cg_batch_case *out,
                    struct cg_error *err)
{
    const char *end = NULL;
    const struct reader r = {batch, out, err};
    *out = (struct cg_batch_case){.sent = sk_X509_new_null(), .refused_issuers = sk_X509_NAME_new_null()};
    out->json = cJSON_ParseWithLengthOpts(line, len, &end, false);
    while (end && end < line + len && strchr(" \t\r", *end))
        end++;
    if (!cJSON_IsObject(out->json) || !end || end != line + len)
        return cg_fail_text(err, "expected a single JSON object");
    if (!read_id(&r) || !read_purpose(&r) || !read_time(&r) || !read_host(&r))
        return false;
    out->profile = *cg_batch_profile(batch->policy, out->input.purpose, 0);
    out->input.profile = &out->profile;
    if (!member(&r, "leaf"))
        return expected(&r, "leaf", "the certificate to check");
    if (!read_depth(&r) || !read_policy(&r) || !read_list(&r, "leaf", add_certificates) ||
        !read_list(&r, "chain", add_sent) || !read_trust(&r))
        return false;
    out->input.leaf = out->leaf;
    out->input.sent = out->sent;
    return true;
}
