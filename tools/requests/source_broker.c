/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Requests through the control topic: pages, each with the requests after an ID. */
#include "base/failure.h"
#include "base/json.h"
#include "broker/mqtt.h"
#include "source.h"

#include <stdio.h>
#include <string.h>

/* False: the key is not there. The text stops at the size. */
static bool take_text(cJSON *json, const char *key, char *out, size_t size)
{
    cJSON *text = cJSON_DetachItemFromObjectCaseSensitive(json, key);
    snprintf(out, size, "%s", cJSON_IsString(text) ? cJSON_GetStringValue(text) : "");
    cJSON_Delete(text);
    return text;
}

/* What the broker says about the answer saves repeating it; a broker can withhold an answer anyway. */
static void read_item(cJSON *json, struct cg_item *item)
{
    char text[CG_HEX_MAX];
    item->is_confirmed = take_text(json, "confirmed", text, sizeof text);
    if (take_text(json, "refused", text, sizeof text)) {
        item->answer = CG_ITEM_REFUSED;
        item->refused = cg_reason_from_code(text);
    }
    if (take_text(json, "issued", item->answered, sizeof item->answered))
        item->answer = CG_ITEM_ISSUED;
    if (cg_mail_request_of(json, &item->mail, &item->fault) && strcmp(item->mail.id, item->id) != 0)
        cg_error_set(&item->fault, "it contains another request");
}

/* IDs only rise, so a broker that repeats itself cannot keep the run going. */
static bool take_page(struct cg_source *source, cJSON *page, char last[CG_RENEWAL_ID_MAX], struct cg_error *err)
{
    cJSON *json = NULL;
    cJSON_ArrayForEach(json, page)
    {
        const char *id = cg_member_text(json, "id");
        if (!cg_renewal_id_is_valid(id) || strcmp(id, last) <= 0)
            return cg_fail_text(err, "the broker's list of requests is malformed: \"%.70s\" after \"%s\"", id, last);
        if ((source->is_more = source->count == CG_SOURCE_MAX))
            return true;
        struct cg_item *item = cg_source_add(source, id);
        if (!item)
            return cg_fail_memory(err);
        memcpy(last, item->id, CG_RENEWAL_ID_MAX);
        read_item(json, item);
    }
    return true;
}

static bool list(struct cg_source *source, struct cg_error *err)
{
    char last[CG_RENEWAL_ID_MAX] = "";
    bool ok = true, is_more = true;
    while (ok && is_more && !source->is_more) {
        const size_t before = source->count;
        cJSON *data = cg_mqtt_ask(source->own, cg_json_of("command", "list_requests", "after", *last ? last : NULL),
                                  err);
        ok = data && take_page(source, cJSON_GetObjectItemCaseSensitive(data, "requests"), last, err);
        is_more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "more")) && source->count > before;
        cJSON_Delete(data);
    }
    return ok;
}

static bool ask(struct cg_source *source, cJSON *command, struct cg_error *err)
{
    cJSON *data = cg_mqtt_ask(source->own, command, err);
    cJSON_Delete(data);
    return data;
}

static bool put(struct cg_source *source, const struct cg_mail_answer *answer, struct cg_error *err)
{
    cJSON *json = cg_mail_answer_json(answer);
    cJSON *command = json ? cg_json_of("command", answer->certificate ? "deliver" : "refuse") : NULL;
    if (!command) {
        cJSON_Delete(json);
        return cg_fail_memory(err);
    }
    cJSON_AddItemToObject(command, "answer", json);
    return ask(source, command, err);
}

static bool forget(struct cg_source *source, const char *id, struct cg_error *err)
{
    return ask(source, cg_json_of("command", "forget", "id", id), err);
}

/* The broker answers after its fsync. */
static bool flush(struct cg_source *source, struct cg_error *err)
{
    (void)source, (void)err;
    return true;
}

/* The broker removes its own files. */
static bool sweep(struct cg_source *source, int64_t now, struct cg_error *err)
{
    (void)source, (void)now, (void)err;
    return true;
}

static void close_broker(struct cg_source *source)
{
    cg_mqtt_close(source->own);
}

static const struct cg_source_kind broker_kind = {list, put, forget, flush, sweep, close_broker};

bool cg_source_open_broker(struct cg_source *source, struct cg_mqtt *mqtt, struct cg_error *err)
{
    *source = (struct cg_source){.kind = mqtt ? &broker_kind : NULL, .own = mqtt};
    return mqtt || cg_fail_text(err, "not connected");
}
