/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "show_text.h"
#include "cli/output.h"
#include "cli/print.h"
#include "cli/table.h"
#include "core/base/datetime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INDENT "  "
#define LABEL  "%-13s "

/* label: "" for further lines of one label. */
__attribute__((format(printf, 2, 3))) static void line(const char *label, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cg_print(stdout, INDENT LABEL "%s\n", label, text);
}

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static void print_renewal(const cJSON *renewal)
{
    const char *confirmed = cg_member_text(renewal, "confirmed"), *error = cg_member_text(renewal, "error");
    if (renewal)
        line("renewed", "over MQTT, %s%s", *error ? error : *confirmed ? "confirmed " : "not confirmed", confirmed);
}

static void print_certificate(const cJSON *certificate)
{
    const cJSON *name = NULL;
    line("kind", "%s", cg_member_text(certificate, "profile"));
    line("subject", "%s", cg_member_text(certificate, "subject"));
    cJSON_ArrayForEach(name, member(certificate, "san"))
    {
        line(name != member(certificate, "san")->child ? "" : "names", "%s", name->valuestring);
    }
    if (*cg_member_text(certificate, "key"))
        line("key", "%s%s", cg_member_text(certificate, "key"),
             cJSON_IsTrue(member(certificate, "private_key")) ? "" : "; the private key is not here");
    line("valid", "%s to %s", cg_member_text(certificate, "not_before"), cg_member_text(certificate, "not_after"));
    line("serial", "%s", cg_member_text(certificate, "serial"));
    if (*cg_member_text(certificate, "sha256"))
        line("sha256", "%s", cg_member_text(certificate, "sha256"));
    print_renewal(member(certificate, "renewal"));
    if (*cg_member_text(certificate, "error"))
        line("error", "%s", cg_member_text(certificate, "error"));
}

static void print_target(const char *label, const cJSON *target)
{
    const cJSON *item = NULL;
    const double generation = cg_member_number(target, "generation");
    const char *error = cg_member_text(target, "error");
    if (*error && !*cg_member_text(target, "to"))
        line(label, "%s", error);
    else if (cJSON_IsTrue(member(target, "up_to_date")))
        line(label, "%s: up to date", cg_member_text(target, "to"));
    else if (generation > 0)
        line(label, "%s: not up to date, generation %.0f", cg_member_text(target, "to"), generation);
    else
        line(label, "%s: not up to date. %s", cg_member_text(target, "to"), error);
    cJSON_ArrayForEach(item, target)
    {
        if (cJSON_IsString(item) && *item->valuestring && strcmp(item->string, "to") != 0 &&
            strcmp(item->string, "error") != 0)
            line("", INDENT "%s %s", item->string, item->valuestring);
    }
}

static void print_event(const char *label, const cJSON *event)
{
    if (!event) {
        line(label, "not in the log");
        return;
    }
    const char *peer = cg_member_text(event, "peer"), *reason = cg_member_text(event, "reason"),
               *detail = cg_member_text(event, "detail");
    line(label, "%s%s%s%s%s%s%s", cg_member_text(event, "time"), *peer ? ", " : "", peer, *reason ? ", " : "", reason,
         *detail ? ": " : "", detail);
}

static void print_state(const struct cg_show *show)
{
    const cJSON *result = show->result, *target = NULL, *log = member(result, "log");
    const cJSON *targets = member(result, "deployed");
    const char *due = cg_member_text(result, "renewal_due"), *rotation = cg_member_text(result, "rotation");
    if (*due)
        line("renewal due", "%s%s", due,
             cJSON_IsTrue(member(result, "unfinished")) ? "; the last renewal is not deployed, or a hook has to run"
                                                        : "");
    if (strcmp(rotation, "none") != 0)
        line("rotation", "%s", rotation);
    if (cJSON_IsTrue(member(member(result, "settings"), "reuse_key")))
        line("settings", "renewals keep the key");
    cJSON_ArrayForEach(target, targets)
    {
        print_target(target == targets->child ? "deployed" : "", target);
    }
    if (!targets->child)
        line("deployed", "nowhere by this CA");
    if (*cg_member_text(log, "error"))
        line("log", "%s%s", cg_member_text(log, "error"), show->log->count ? "" : ". Name it with --log FILE");
    if (member(log, "accepted") || member(log, "rejected") || !member(log, "error")) {
        print_event("last accepted", member(log, "accepted"));
        print_event("last rejected", member(log, "rejected"));
    }
}

static void print_generations(const struct cg_show *show)
{
    static const char *const titles[] = {"GENERATION", "STATE", "UNTIL", "SERIAL", "", NULL};
    struct cg_table table = {.titles = titles};
    for (int pass = 0; pass < 2; pass++) {
        if (pass)
            cg_table_head(&table);
        for (size_t i = 0; i < show->count; i++) {
            const struct cg_inventory_row *row = &show->row[i];
            char generation[24] = "-", end[24], serial[CG_SERIAL_TEXT_MAX], remark[CG_INVENTORY_REMARK_MAX];
            if (row->generation)
                snprintf(generation, sizeof generation, "%u%s", row->generation, row->is_live ? " (live)" : "");
            cg_time_text(row->index.expires, end, sizeof end);
            cg_inventory_remark(&show->inventory, row, remark);
            const char *const cells[] = {generation, cg_holding_word(row->holding), end,
                                         cg_index_serial_text(row->index.serial, serial), remark};
            if (pass)
                cg_table_row(&table, cells, 0, row->is_live ? CG_BOLD : CG_PLAIN);
            else
                cg_table_measure(&table, cells);
        }
    }
}

/* First the live certificate, or the newest one if there is none. */
void cg_show_print(const struct cg_show *show)
{
    size_t first = show->count - 1;
    for (size_t i = 0; i < show->count; i++)
        first = show->row[i].is_live ? i : first;
    cg_print_in(stdout, CG_BOLD, "%s", show->name);
    cg_print(stdout, "  %s\n", cg_holding_word(show->row[first].holding));
    print_certificate(cJSON_GetArrayItem(member(show->result, "certificates"), (int)first));
    print_state(show);
    cg_print(stdout, "\n");
    print_generations(show);
}
