/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_load.h"

#include "core/base/edit_distance.h"
#include "core/cert/list.h"
#include "core/file/file.h"
#include "policy_draft.h"
#include "policy_json.h"
#include "policy_keys.h"
#include "policy_store.h"
#include "policy_value.h"

#include <stdlib.h>
#include <string.h>

#define POLICY_MAX ((size_t)1 << 20)

/* ---- unknown keys */

static const struct cg_key *find_key(const struct cg_object *object, unsigned scope, const char *name)
{
    for (const struct cg_key *key = object->keys; key->name; key++)
        if ((key->scopes & scope) && strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

/* Finds where in the file a key of this name belongs, as "$.client.strict". */
static bool find_home(const struct cg_object *object, unsigned scope, const struct cg_json_path *at, const char *name,
                      char *out, size_t size)
{
    for (const struct cg_key *key = object->keys; key->name; key++) {
        const struct cg_json_path here = {at, key->name, 0};
        if (!(key->scopes & scope))
            continue;
        if (strcmp(key->name, name) == 0) {
            cg_json_path_text(&here, out, size);
            return true;
        }
        if ((key->type == CG_TYPE_OBJECT || key->type == CG_TYPE_OBJECTS) &&
            find_home(key->object, key->enters ? key->enters : scope, &here, name, out, size))
            return true;
    }
    return false;
}

static bool unknown_key(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_object *object,
                        unsigned scope, const char *name)
{
    const struct cg_json_path document = {NULL, NULL, 0};
    const struct cg_key *nearest = NULL;
    size_t best = cg_edit_distance_limit(name) + 1;
    char home[128];
    /* a listener's section may lack what the top level's of that name has */
    const char *in = at->parent && at->parent->key ? at->parent->key : "";
    const struct cg_key *section = find_key(&cg_policy_object, CG_IN_TOP, in);
    const struct cg_json_path top = {&document, in, 0};
    if ((section && section->enters && find_home(section->object, section->enters, &top, name, home, sizeof home)) ||
        find_home(&cg_policy_object, CG_IN_TOP, &document, name, home, sizeof home))
        return cg_parse_fail(parse, at, "this key is not allowed here; it belongs at %s", home);
    for (const struct cg_key *key = object->keys; key->name; key++) {
        size_t far = (key->scopes & scope) ? cg_edit_distance(name, key->name) : best;
        if (far < best) {
            best = far;
            nearest = key;
        }
    }
    if (nearest)
        return cg_parse_fail(parse, at, "unknown key; did you mean \"%s\"?", nearest->name);
    return cg_parse_fail(parse, at, "unknown key; the keys are listed in certguard-policy(5)");
}

/* ---- one loop over the rows of an object */

static bool read_object(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_object *object,
                        unsigned scope, const cJSON *json, void *filled);

/* Is it what an OBJECTS or LIST key expects? */
static bool fits_list(const struct cg_key *key, const cJSON *json, size_t count)
{
    if (key->type == CG_TYPE_OBJECTS)
        return cJSON_IsObject(json) || (cJSON_IsArray(json) && count > 0 && count <= (size_t)key->max);
    return cJSON_IsArray(json);
}

static bool read_list(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, unsigned scope,
                      const cJSON *json, unsigned char *filled)
{
    bool array = cJSON_IsArray(json);
    size_t count = array ? (size_t)cJSON_GetArraySize(json) : 1, index = 0;
    if (!fits_list(key, json, count))
        return cg_parse_mismatch(parse, at, key, json);
    unsigned char *items = cg_store_get(parse->store, count * key->object->size);
    if (!items)
        return cg_parse_fail(parse, at, "out of memory");
    for (const cJSON *item = array ? json->child : json; item && index < count; item = item->next, index++) {
        const struct cg_json_path here = {at, NULL, index};
        if (!read_object(parse, array ? &here : at, key->object, scope, item, items + index * key->object->size))
            return false;
    }
    memcpy(filled + key->offset, &items, sizeof items);
    memcpy(filled + key->count_offset, &count, sizeof count);
    return true;
}

static bool read_key(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, unsigned scope,
                     const cJSON *json, unsigned char *filled)
{
    if (key->type == CG_TYPE_OBJECT)
        return read_object(parse, at, key->object, key->enters ? key->enters : scope, json, filled + key->offset);
    if (key->type == CG_TYPE_LIST || key->type == CG_TYPE_OBJECTS)
        return read_list(parse, at, key, scope, json, filled);
    if (key->type == CG_TYPE_LISTENERS) /* read after the whole top level: read_listeners() */
        return cJSON_IsArray(json) || cg_parse_mismatch(parse, at, key, json);
    return cg_value_set(parse, at, key, json, filled + key->offset);
}

static bool read_fallback(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                          unsigned scope, unsigned char *filled)
{
    if (key->required)
        return cg_parse_fail(parse, at, "the key is missing, and it is required here; add it");
    if (!key->fallback)
        return true;
    cJSON *json = cJSON_Parse(key->fallback);
    bool ok = json ? read_key(parse, at, key, scope, json, filled) : cg_parse_fail(parse, at, "out of memory");
    cJSON_Delete(json);
    return ok;
}

static bool keys_known(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_object *object,
                       unsigned scope, const cJSON *json)
{
    for (const cJSON *item = json->child; item; item = item->next) {
        const struct cg_json_path here = {at, item->string, 0};
        const struct cg_key *key = find_key(object, scope, item->string);
        if (!key)
            return unknown_key(parse, &here, object, scope, item->string);
        for (const cJSON *other = json->child; key->group && other != item; other = other->next) {
            const struct cg_key *before = find_key(object, scope, other->string);
            if (before && before->group == key->group)
                return cg_parse_fail(parse, &here, "cannot be combined with \"%s\"; keep one of the two",
                                     other->string);
        }
    }
    return true;
}

static bool read_object(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_object *object,
                        unsigned scope, const cJSON *json, void *filled)
{
    if (!cJSON_IsObject(json))
        return cg_parse_fail(parse, at, "expected an object { ... }");
    if (!keys_known(parse, at, object, scope, json))
        return false;
    for (const struct cg_key *key = object->keys; key->name; key++) {
        const struct cg_json_path here = {at, key->name, 0};
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key->name);
        if (!(key->scopes & scope))
            continue;
        if (!(item ? read_key(parse, &here, key, scope, item, filled)
                   : read_fallback(parse, &here, key, scope, filled)))
            return false;
    }
    return !object->check || object->check(parse, at, filled);
}

/* ---- from draft to policy */

static void settle_profile(struct cg_profile *profile, const struct cg_draft *draft, const struct cg_trust_draft *trust,
                           const struct cg_certificate_list *allow)
{
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        enum cg_reason_kind kind = cg_reason_row((enum cg_reason)i)->kind;
        /* if the handshake of a client was not observed, there is nothing to audit */
        bool rule = kind == CG_KIND_RULE || (kind == CG_KIND_CONNECT && i != CG_REASON_NO_RECORD);
        if (profile->mode[i] == CG_MODE_INHERIT)
            profile->mode[i] = draft->rules[i];
        if (profile->mode[i] == CG_MODE_INHERIT)
            profile->mode[i] = rule ? draft->mode : CG_ENFORCE;
    }
    profile->deny = draft->deny;
    if (allow)
        profile->allow = *allow;
    profile->crl_required = trust->crl_required == CG_AUTO ? trust->files.crls.count > 0
                                                           : trust->crl_required == CG_YES;
    profile->crl_max_age = trust->crl_max_age;
    profile->crl_grace = trust->crl_grace;
}

/* The trust of the section, or the top level's. */
static const struct cg_trust_draft *trust_of(const struct cg_draft *top, const struct cg_role_draft *role)
{
    return cg_trust_files_named(&role->trust.files) ? &role->trust : &top->trust;
}

static struct cg_listener_policy settle_listener(struct cg_draft *draft, const struct cg_draft *top)
{
    cg_list_sort(&draft->deny);
    cg_list_sort(&draft->allow);
    draft->listener.server = draft->server.profile;
    draft->listener.identity.renews = top->renewal.spool != NULL;
    settle_profile(&draft->listener.client, draft, &top->trust, &draft->allow);
    settle_profile(&draft->listener.server, draft, trust_of(top, &top->server), NULL);
    return draft->listener;
}

/* Copies the keys of an object that are also allowed in this scope, and in its objects likewise. */
static cJSON *inherited(const struct cg_object *object, unsigned scope, const cJSON *from)
{
    cJSON *json = cJSON_CreateObject();
    for (const cJSON *item = from->child; json && item; item = item->next) {
        const struct cg_key *key = find_key(object, scope, item->string);
        if (!key)
            continue;
        cJSON *copy = key->type == CG_TYPE_OBJECT ? inherited(key->object, key->enters ? key->enters : scope, item)
                                                  : cJSON_Duplicate(item, 1);
        if (!copy || !cJSON_AddItemToObject(json, item->string, copy)) {
            cJSON_Delete(copy);
            cJSON_Delete(json);
            return NULL;
        }
    }
    return json;
}

/* The top level without the keys that a listener cannot have, with the listener's object merged over it. */
static cJSON *listener_json(const cJSON *top, const cJSON *overrides)
{
    cJSON *json = inherited(&cg_policy_object, CG_IN_LISTENER, top);
    if (json && !cg_json_merge(json, overrides)) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

static bool read_listener(struct cg_parse *parse, const struct cg_json_path *at, const cJSON *top,
                          const cJSON *overrides, const struct cg_draft *above, struct cg_listener_policy *out)
{
    struct cg_draft *draft = NULL;
    cJSON *json = NULL;
    bool ok = false;
    if (!cJSON_IsObject(overrides))
        return cg_parse_fail(parse, at, "expected an object { \"port\": ... }");
    draft = calloc(1, sizeof *draft);
    json = listener_json(top, overrides);
    if (!draft || !json)
        cg_parse_fail(parse, at, "out of memory");
    else
        ok = read_object(parse, at, &cg_policy_object, CG_IN_LISTENER, json, draft);
    if (ok)
        *out = settle_listener(draft, above);
    cJSON_Delete(json);
    free(draft);
    return ok;
}

static bool read_listeners(struct cg_parse *parse, const struct cg_json_path *document, const cJSON *top,
                           const struct cg_draft *draft, struct cg_policy *policy)
{
    const struct cg_json_path at = {document, "listeners", 0};
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(top, "listeners");
    size_t count = (size_t)cJSON_GetArraySize(array);
    policy->listeners = cg_store_get(parse->store, count * sizeof *policy->listeners);
    if (!policy->listeners)
        return cg_parse_fail(parse, &at, "out of memory");
    for (const cJSON *item = array ? array->child : NULL; item; item = item->next) {
        const struct cg_json_path here = {&at, NULL, policy->nlisteners};
        struct cg_listener_policy *listener = &policy->listeners[policy->nlisteners];
        if (!read_listener(parse, &here, top, item, draft, listener))
            return false;
        for (size_t i = 0; i < policy->nlisteners; i++)
            if (policy->listeners[i].port == listener->port)
                return cg_parse_fail(parse, &here, "port %u already has an entry (listeners[%zu]); merge the two",
                                     (unsigned)listener->port, i);
        policy->nlisteners++;
    }
    return true;
}

static void settle(struct cg_draft *draft, struct cg_policy *policy)
{
    policy->trust = draft->trust.files;
    policy->server_trust = draft->server.trust.files;
    policy->bridge_trust = draft->bridge.trust.files;
    policy->state = draft->state;
    policy->log = draft->log;
    cg_list_sort(&draft->admin);
    policy->admin = draft->admin;
    cg_list_sort(&draft->renewal.signers);
    cg_list_sort(&draft->renewal.move_from);
    policy->renewal = draft->renewal;
    memcpy(policy->warn_before, draft->warn_before, sizeof policy->warn_before);
    policy->base = settle_listener(draft, draft);
    settle_profile(&draft->bridge.profile, draft, trust_of(draft, &draft->bridge), NULL);
    policy->bridge = draft->bridge.profile;
    policy->bridge_tls = draft->bridge.tls;
}

static bool read_policy(struct cg_parse *parse, const char *text, size_t len, struct cg_policy *policy)
{
    const struct cg_json_path document = {NULL, NULL, 0};
    struct cg_draft *draft = calloc(1, sizeof *draft);
    cJSON *json = cg_json_parse(parse->name, text, len, parse->err);
    bool ok = false;
    if (!draft)
        cg_parse_fail(parse, &document, "out of memory");
    else if (json)
        ok = read_object(parse, &document, &cg_policy_object, CG_IN_TOP, json, draft) &&
             read_listeners(parse, &document, json, draft, policy);
    if (ok)
        settle(draft, policy);
    cJSON_Delete(json);
    free(draft);
    return ok;
}

struct cg_policy *cg_policy_parse(const char *name, const char *text, size_t len, struct cg_error *err)
{
    struct cg_policy_store *store = cg_store_new();
    struct cg_policy *policy = store ? cg_store_get(store, sizeof *policy) : NULL;
    struct cg_parse parse = {name, store, err};
    if (policy) {
        policy->store = store;
        atomic_init(&policy->references, 1);
        policy->name = cg_store_text(store, name);
        policy->text = len <= POLICY_MAX ? cg_store_bytes(store, text, len) : "";
    }
    if (!policy || !policy->name || !policy->text)
        cg_error_set(err, "%s: out of memory", name);
    else if (len > POLICY_MAX)
        cg_error_set(err, "%s: expected at most %zu bytes, found %zu", name, POLICY_MAX, len);
    else if (read_policy(&parse, text, len, policy))
        return policy;
    cg_store_free(store);
    return NULL;
}

struct cg_policy *cg_policy_load(const char *file, struct cg_error *err)
{
    struct cg_bytes bytes;
    if (!cg_file_read(file, CG_FILE_PUBLIC, POLICY_MAX, &bytes, err))
        return NULL;
    struct cg_policy *policy = cg_policy_parse(file, (const char *)bytes.data, bytes.len, err);
    cg_bytes_free(&bytes);
    return policy;
}

struct cg_policy *cg_policy_default(const char *anchors_file, struct cg_error *err)
{
    struct cg_policy *policy = cg_policy_parse("(strict default)", "{}", 2, err);
    if (!policy)
        return NULL;
    const char **item = cg_store_get(policy->store, sizeof *item);
    const char *file = cg_store_text(policy->store, anchors_file);
    if (!file || !item) {
        cg_error_set(err, "%s: out of memory", anchors_file);
        cg_policy_free(policy);
        return NULL;
    }
    item[0] = file;
    policy->trust.anchors = (struct cg_strings){item, 1};
    return policy;
}
