/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "successor.h"
#include "base/failure.h"
#include "base/json.h"

#include <stdio.h>

static int64_t time_of(const cJSON *json, const char *key)
{
    int64_t seconds = 0;
    return cg_time_read_text(cg_member_text(json, key), &seconds) ? seconds : CG_TIME_NONE;
}

bool cg_successor_read(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_successor *successor,
                       struct cg_error *err)
{
    char file[CG_NAME_MAX + 48];
    snprintf(file, sizeof file, "archive/%.*s/%04u/" CG_SUCCESSOR_FILE, CG_NAME_MAX, name, generation);
    *successor = (struct cg_successor){.requested = CG_TIME_NONE, .confirmed = CG_TIME_NONE};
    if (!cg_ca_has(ca, file))
        return true;
    cJSON *json = cg_ca_json(ca, file);
    snprintf(successor->id, sizeof successor->id, "%s", cg_member_text(json, "id"));
    snprintf(successor->predecessor, sizeof successor->predecessor, "%s", cg_member_text(json, "predecessor"));
    successor->requested = time_of(json, "requested");
    successor->confirmed = time_of(json, "confirmed");
    cJSON_Delete(json);
    if (*successor->id && *successor->predecessor)
        return true;
    cg_error_set(err, "cannot read %s/%s: it is damaged", ca->dir, file);
    return cg_ca_from_backup(err);
}

static void add_time(cJSON *json, const char *key, int64_t seconds)
{
    char text[CG_TIME_TEXT_MAX];
    cg_time_text(seconds, text, sizeof text);
    if (*text)
        cJSON_AddStringToObject(json, key, text);
}

cJSON *cg_successor_json(const struct cg_successor *successor)
{
    cJSON *json = cg_json_of("id", successor->id, "predecessor", successor->predecessor);
    add_time(json, "requested", successor->requested);
    add_time(json, "confirmed", successor->confirmed);
    return json;
}

bool cg_successor_is_live(const struct cg_ca *ca, const char *name)
{
    char file[CG_NAME_MAX + 48];
    struct cg_live_link link;
    cg_ca_live_link(ca, name, 0, &link);
    snprintf(file, sizeof file, "%s/" CG_SUCCESSOR_FILE, link.at);
    return cg_ca_has(ca, file);
}
