/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Everything about one name, as JSON. */
#include "base/array.h"
#include "base/failure.h"
#include "ca/key.h"
#include "ca/settings.h"
#include "ca_options/ca_options.h"
#include "core/cert/name.h"
#include "deploy/deploy.h"
#include "deploy/renewal.h"
#include "deploy/rotation.h"
#include "deploy/target_ca.h"
#include "log/seen.h"
#include "show_text.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_LOG "/var/log/mosquitto/certguard.jsonl"

struct options {
    struct cg_list log;
};

static const struct cg_option options[] = {
    {"log", "FILE", "event log to search for the certificates (repeatable; default " USUAL_LOG ")", CG_OPT_FILES, 0,
     AT(log)},
};

static void add_time(cJSON *object, const char *key, int64_t seconds)
{
    char text[24];
    cg_time_text(seconds, text, sizeof text);
    cJSON_AddStringToObject(object, key, text);
}

/* ---- the certificates */

static bool collect(struct cg_show *show, struct cg_error *err)
{
    struct cg_inventory_row row;
    struct cg_error fault = {""};
    while (cg_inventory_next(&show->inventory, &row, &fault)) {
        if (strcmp(row.name, show->name) != 0)
            continue;
        struct cg_inventory_row *rows = cg_array_grow(show->row, show->count, sizeof *rows);
        if (!rows)
            return cg_fail_memory(err);
        show->row = rows;
        rows[show->count++] = row;
    }
    if (fault.text[0])
        return cg_fail_text(err, "%s", fault.text);
    return show->count ||
           cg_fail_text(err, "this CA has no certificate named \"%s\". List all: certguard -C %s list --all",
                        show->name, show->ca->word);
}

/* What only the certificate itself has. */
static void add_content(cJSON *object, X509 *cert)
{
    char text[512], sha256[CG_HEX_MAX];
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    cJSON *list = cJSON_AddArrayToObject(object, "san");
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        cg_san_text(sk_GENERAL_NAME_value(names, i), text, sizeof text);
        cJSON_AddItemToArray(list, cJSON_CreateString(text));
    }
    GENERAL_NAMES_free(names);
    cg_key_text(X509_get0_pubkey(cert), text, sizeof text);
    cg_json_add(object, "key", text, "sha256", cg_sha256_text(cert, sha256) ? sha256 : NULL);
}

static cJSON *certificate_json(const struct cg_show *show, const struct cg_inventory_row *row)
{
    char file[CG_NAME_MAX + 48];
    cJSON *object = cg_inventory_json(&show->inventory, row);
    if (!row->generation)
        return object;
    struct cg_error err = {""};
    X509 *cert = cg_ca_generation_cert(show->ca, row->name, row->generation, &err);
    if (cert)
        add_content(object, cert);
    else
        cg_json_add(object, "error", err.text);
    X509_free(cert);
    snprintf(file, sizeof file, "archive/%s/%04u/privkey.pem", row->name, row->generation);
    cJSON_AddBoolToObject(object, "private_key", cg_ca_has(show->ca, file));
    return object;
}

/* ---- the folders where it is deployed */

static unsigned generation_of(const struct cg_show *show, const X509 *cert)
{
    char *serial = cg_index_serial(X509_get0_serialNumber(cert));
    unsigned generation = 0;
    for (size_t i = 0; serial && i < show->count; i++)
        if (strcmp(show->row[i].index.serial, serial) == 0)
            generation = show->row[i].generation;
    OPENSSL_free(serial);
    return generation;
}

static cJSON *target_json(const struct cg_show *show, const struct cg_target *target)
{
    struct cg_error err = {""};
    bool done = false;
    cJSON *object = cg_target_json(target);
    X509 *cert = cg_target_cert(target, &err);
    const bool ok = cg_deploy_target_is_done(show->ca, target, &done, err.text[0] ? NULL : &err);
    cJSON_AddBoolToObject(object, "up_to_date", ok && done);
    if (cert && generation_of(show, cert))
        cJSON_AddNumberToObject(object, "generation", generation_of(show, cert));
    if (err.text[0])
        cg_json_add(object, "error", err.text);
    X509_free(cert);
    return object;
}

static void add_targets(struct cg_show *show)
{
    struct cg_error err = {""};
    struct cg_targets targets;
    cJSON *list = cJSON_AddArrayToObject(show->result, "deployed");
    if (!cg_targets_load(show->ca, show->name, &targets, &err))
        cJSON_AddItemToArray(list, cg_json_of("error", err.text));
    for (size_t i = 0; i < targets.count; i++)
        cJSON_AddItemToArray(list, target_json(show, &targets.item[i]));
    cg_targets_clear(&targets);
}

/* ---- renewal, rotation, settings */

static void add_renewal(struct cg_show *show)
{
    static const char *const rotations[] = {
        [CG_ROTATION_NONE] = "none", [CG_ROTATION_RUNS] = "running", [CG_ROTATION_LEFT] = "unfinished"};
    int64_t due = 0;
    bool is_renewed = false;
    for (size_t i = 0; i < show->count; i++)
        is_renewed = is_renewed || (show->row[i].is_live && show->row[i].holding != CG_HOLDING_REVOKED);
    X509 *live = is_renewed ? cg_ca_live_cert(show->ca, show->name, NULL) : NULL;
    if (live && cg_renewal_due(live, show->cli->now, &due)) {
        add_time(show->result, "renewal_due", due);
        cJSON_AddBoolToObject(show->result, "unfinished", cg_renewal_is_unfinished(show->ca, show->name));
    }
    X509_free(live);
    cJSON_AddStringToObject(show->result, "rotation", rotations[cg_rotation_state(show->ca, show->name)]);
}

/* Settings that cannot be read are shown as far as they were, with a warning. */
static void add_settings(struct cg_show *show)
{
    struct cg_settings settings = {0};
    struct cg_error err = {""};
    cJSON *shown = cJSON_AddObjectToObject(show->result, "settings");
    if (!cg_settings_load(&settings, show->ca->dir, &err))
        cg_warn(show->cli, "%s", err.text);
    cJSON_AddBoolToObject(shown, "reuse_key", cg_settings_reuse_key(&settings, show->name));
    cg_settings_free(&settings);
}

/* ---- the event log */

static cJSON *event_json(const cJSON *event)
{
    static const char *const keys[] = {"event", "reason", "detail", "peer", "client_id", "fix"};
    cJSON *object = cg_json_of("time", cg_member_text(event, "ts"));
    for (size_t i = 0; i < CG_COUNT(keys); i++)
        if (*cg_member_text(event, keys[i]))
            cJSON_AddStringToObject(object, keys[i], cg_member_text(event, keys[i]));
    return object;
}

/* A log that cannot be read is shown with its error: the rest is known without it. */
static void add_seen(struct cg_show *show)
{
    char issuer[1024], (*text)[CG_SERIAL_TEXT_MAX] = calloc(show->count, sizeof *text);
    const char **serials = calloc(show->count + 1, sizeof *serials);
    const struct cg_list *given = show->log;
    cJSON *log = cJSON_AddObjectToObject(show->result, "log"), *files = cJSON_AddArrayToObject(log, "files");
    struct cg_log_seen seen = {.serials = serials, .issuer = issuer};
    struct cg_error err = {""};
    cg_name_text(X509_get_subject_name(show->ca->cert), issuer, sizeof issuer);
    for (size_t i = 0; text && serials && i < show->count; i++)
        serials[i] = cg_index_serial_text(show->row[i].index.serial, text[i]);
    for (size_t i = 0; serials && i < (given->count ? given->count : 1); i++) {
        const char *file = given->count ? given->item[i] : USUAL_LOG;
        cJSON_AddItemToArray(files, cJSON_CreateString(file));
        (void)cg_log_seen_read(&seen, file, &err);
    }
    if (err.text[0])
        cJSON_AddStringToObject(log, "error", err.text);
    if (seen.accepted)
        cJSON_AddItemToObject(log, "accepted", event_json(seen.accepted));
    if (seen.rejected)
        cJSON_AddItemToObject(log, "rejected", event_json(seen.rejected));
    cg_log_seen_clear(&seen);
    free(serials);
    free(text);
}

static int show_name(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct cg_show show = {.cli = cli, .log = context, .ca = ca, .name = cli->args[0]};
    const bool ok = cg_inventory_open(&show.inventory, ca, err) && collect(&show, err);
    if (ok) {
        show.result = cg_json_of("name", show.name);
        cJSON *list = cJSON_AddArrayToObject(show.result, "certificates");
        for (size_t i = 0; i < show.count; i++)
            cJSON_AddItemToArray(list, certificate_json(&show, &show.row[i]));
        add_renewal(&show);
        add_settings(&show);
        add_targets(&show);
        add_seen(&show);
        if (!cli->json)
            cg_show_print(&show);
        cg_result(cli, show.result);
    }
    free(show.row);
    cg_inventory_close(&show.inventory);
    return ok ? CG_EXIT_OK : CG_EXIT_FAILED;
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct options o = *(const struct options *)values;
    return cg_verb_with_ca(cli, CG_CA_READ, show_name, &o.log);
}

const struct cg_verb cg_verb_show = {
    .name = "show",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("NAME", 1, 1),
    .completes = CG_WORD_NAME,
    .summary = "show everything about one name",
    .description =
        "Shows the certificates of NAME with their generations, names, key and dates; when renewal is due; the\n"
        "folders where NAME is deployed and whether their files are up to date; an unfinished rotation; and from\n"
        "the event log, when a certificate of NAME was last accepted and last rejected. The log has accepted\n"
        "connections only with log.accepted in the policy.",
    .examples = "certguard show sensor1\n"
                "certguard show broker.lan --log /var/log/mosquitto/certguard.jsonl.1 \\\n"
                "    --log /var/log/mosquitto/certguard.jsonl\n"
                "certguard --json show sensor1",
    CG_OPTIONS(options, struct options),
    .run = run,
};
