/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "requests_show.h"
#include "base/json.h"
#include "cli/table.h"
#include "core/cert/name.h"

#include <stdio.h>

enum { NAME = 0, RECEIVED, ENDS, STATE, WHY };

struct cells {
    const char *cell[WHY + 1];
    char title[256], received[24], ends[24], why[1200];
};

const char *cg_case_title(const struct cg_case *item, char out[256])
{
    const X509 *cert = item->item->mail.certificate;
    snprintf(out, 256, "%s", *item->name ? item->name : item->item->id);
    if (!*item->name && cert && !*item->item->fault.text)
        cg_name_text(X509_get_subject_name(cert), out, 256);
    return out;
}

const char *cg_case_why(const struct cg_case *item, char out[1200])
{
    const bool has_reason = item->state == CG_CASE_REFUSED || item->state == CG_CASE_FORKED;
    out[0] = '\0';
    if (has_reason)
        snprintf(out, 1200, "%s: %s", cg_reason_row(item->refusal.reason)->code, item->refusal.detail);
    else if (item->state == CG_CASE_FAULTY)
        snprintf(out, 1200, "%s", item->err.text);
    else if (item->state == CG_CASE_LATER)
        snprintf(out, 1200, "another request for the same certificate is signed first, and has an hour");
    return out;
}

static void times_of(const struct cg_case *item, char received[24], char ends[24])
{
    const struct cg_mail_request *mail = &item->item->mail;
    received[0] = ends[0] = '\0';
    if (!mail->certificate || *item->item->fault.text)
        return;
    cg_time_text(mail->received, received, 24);
    cg_date_text(X509_get0_notAfter(mail->certificate), ends);
}

static void make_cells(const struct cg_case *item, struct cells *out)
{
    times_of(item, out->received, out->ends);
    out->cell[NAME] = cg_case_title(item, out->title);
    out->cell[RECEIVED] = out->received;
    out->cell[ENDS] = out->ends;
    out->cell[STATE] = cg_case_word(item->state);
    out->cell[WHY] = cg_case_why(item, out->why);
}

cJSON *cg_case_json(const struct cg_case *item)
{
    char received[24], ends[24], serial[CG_SERIAL_TEXT_MAX];
    const bool has_reason = item->state == CG_CASE_REFUSED || item->state == CG_CASE_FORKED;
    times_of(item, received, ends);
    cJSON *json = cg_json_of("name", *item->name ? item->name : NULL, "id", item->item->id, "state",
                             cg_case_word(item->state), "received", *received ? received : NULL, "not_after",
                             *ends ? ends : NULL);
    if (*item->serial)
        cg_json_add(json, "serial", cg_index_serial_text(item->serial, serial));
    if (item->own)
        cg_json_add(json, "new_serial", cg_index_serial_text(item->own_serial, serial));
    if (has_reason)
        cg_json_add(json, "code", cg_reason_row(item->refusal.reason)->code, "detail", item->refusal.detail);
    if (item->state == CG_CASE_FAULTY)
        cg_json_add(json, "error", item->err.text);
    return json;
}

void cg_cases_print(const struct cg_case_list *list)
{
    static const char *const titles[] = {"NAME", "RECEIVED", "ENDS", "STATE", "", NULL};
    static const enum cg_colour colours[] = {
        [CG_CASE_FAULTY] = CG_RED,    [CG_CASE_WAITING] = CG_GREEN, [CG_CASE_ANSWERED] = CG_DIM,
        [CG_CASE_CONFIRMED] = CG_DIM, [CG_CASE_REFUSED] = CG_RED,   [CG_CASE_FORKED] = CG_RED,
        [CG_CASE_LATER] = CG_YELLOW,
    };
    struct cg_table table = {.titles = titles};
    struct cells cells;
    for (size_t i = 0; i < list->count; i++) {
        make_cells(list->item[i], &cells);
        cg_table_measure(&table, cells.cell);
    }
    if (list->count)
        cg_table_head(&table);
    for (size_t i = 0; i < list->count; i++) {
        make_cells(list->item[i], &cells);
        cg_table_row(&table, cells.cell, STATE, colours[list->item[i]->state]);
    }
}
