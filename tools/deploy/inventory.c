/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "inventory.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "generation.h"
#include "renewal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word, *state;
} holdings[] = {
    [CG_HOLDING_UNKNOWN] = {"valid", "valid"},         [CG_HOLDING_IN_USE] = {"in use", "valid"},
    [CG_HOLDING_SUPERSEDED] = {"superseded", "valid"}, [CG_HOLDING_REVOKED] = {"revoked", "revoked"},
    [CG_HOLDING_EXPIRED] = {"expired", "expired"},
};

const char *cg_holding_word(enum cg_holding holding)
{
    return holdings[holding].word;
}

const char *cg_holding_state(enum cg_holding holding)
{
    return holdings[holding].state;
}

/* ---- the journal */

struct cg_inventory_note {
    const char *line; /* in the journal */
    unsigned length;
    char serial[CG_SERIAL_TEXT_MAX];
};

static int by_serial(const void *a, const void *b)
{
    const struct cg_inventory_note *x = a, *y = b;
    return strcmp(x->serial, y->serial);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool add_note(struct cg_inventory *inventory, const struct cg_journal_serial *line)
{
    struct cg_inventory_note *notes = cg_array_grow(inventory->note, inventory->notes, sizeof *notes);
    if (!notes)
        return false;
    inventory->note = notes;
    notes += inventory->notes++;
    notes->line = line->line;
    notes->length = (unsigned)line->len;
    snprintf(notes->serial, sizeof notes->serial, "%s", line->serial);
    return true;
}

/* Certificates of bridges and clients are alike, so a renewed bridge is recorded as a client: its first record counts. */
static bool add_bridge(struct cg_inventory *inventory, const struct cg_journal_serial *line)
{
    char word[16], (*names)[CG_NAME_MAX + 1];
    if (!cg_journal_text(line->line, line->len, "\"profile\":\"", word, sizeof word) || strcmp(word, "bridge") != 0)
        return true;
    if (!(names = cg_array_grow(inventory->bridge, inventory->bridges, sizeof *names)))
        return false;
    inventory->bridge = names;
    cg_journal_text(line->line, line->len, "\"name\":\"", names[inventory->bridges++], sizeof *names);
    return true;
}

static bool read_journal(struct cg_inventory *inventory, struct cg_error *err)
{
    struct cg_journal_serial line;
    if (!cg_journal_load(&inventory->journal, inventory->ca, 0, err))
        return false;
    while (cg_journal_next_serial(&inventory->journal, &line))
        if (line.issued && (!add_note(inventory, &line) || !add_bridge(inventory, &line)))
            return cg_fail_memory(err);
    if (inventory->notes)
        qsort(inventory->note, inventory->notes, sizeof *inventory->note, by_serial);
    if (inventory->bridges)
        qsort(inventory->bridge, inventory->bridges, sizeof *inventory->bridge, by_name);
    return true;
}

static const struct cg_inventory_note *note_of(const struct cg_inventory *inventory, const struct cg_inventory_row *row)
{
    struct cg_inventory_note wanted = {.line = NULL};
    snprintf(wanted.serial, sizeof wanted.serial, "%s", row->index.serial);
    return inventory->notes ? bsearch(&wanted, inventory->note, inventory->notes, sizeof wanted, by_serial) : NULL;
}

/* ---- rows */

bool cg_inventory_open(struct cg_inventory *inventory, const struct cg_ca *ca, struct cg_error *err)
{
    *inventory = (struct cg_inventory){.ca = ca};
    return cg_index_load(&inventory->index, ca, err) && read_journal(inventory, err);
}

void cg_inventory_close(struct cg_inventory *inventory)
{
    cg_index_free(&inventory->index);
    cg_journal_free(&inventory->journal);
    free(inventory->note);
    free(inventory->bridge);
    *inventory = (struct cg_inventory){0};
}

static enum cg_holding holding_of(const struct cg_inventory_row *row, int64_t now)
{
    if (row->index.status == 'R')
        return CG_HOLDING_REVOKED;
    if (row->index.status == 'E' || row->index.expires < now)
        return CG_HOLDING_EXPIRED;
    return !row->generation ? CG_HOLDING_UNKNOWN : row->is_live ? CG_HOLDING_IN_USE : CG_HOLDING_SUPERSEDED;
}

bool cg_inventory_next(struct cg_inventory *inventory, struct cg_inventory_row *row, struct cg_error *err)
{
    static const char folder[] = "archive/";
    if (!cg_index_next(&inventory->index, &row->index, err))
        return false;
    cg_index_row_name(&row->index, row->name);
    const char *slash = strrchr(row->index.file, '/');
    const bool is_here = strncmp(row->index.file, folder, sizeof folder - 1) == 0 && cg_ca_name_valid(row->name, NULL);
    row->generation = is_here ? (unsigned)strtoul(slash + 1, NULL, 10) : 0;
    row->is_live = row->generation && cg_generation_live(inventory->ca, row->name) == row->generation;
    row->holding = holding_of(row, inventory->ca->options.now);
    return true;
}

/* ---- what the index does not have */

static X509 *load(const struct cg_inventory *inventory, const struct cg_inventory_row *row)
{
    return row->generation ? cg_ca_generation_cert(inventory->ca, row->name, row->generation, NULL) : NULL;
}

static const struct cg_ca_profile *kind_in_archive(const struct cg_inventory *inventory,
                                                   const struct cg_inventory_row *row)
{
    X509 *cert = load(inventory, row);
    const struct cg_ca_profile *kind = cert ? cg_ca_profile_of(cert) : NULL;
    X509_free(cert);
    return kind;
}

static bool is_bridge(const struct cg_inventory *inventory, const char *name)
{
    return inventory->bridges &&
           bsearch(name, inventory->bridge, inventory->bridges, sizeof *inventory->bridge, by_name);
}

const struct cg_ca_profile *cg_inventory_kind(const struct cg_inventory *inventory, const struct cg_inventory_row *row)
{
    char word[16];
    const struct cg_inventory_note *note = note_of(inventory, row);
    const struct cg_ca_profile *kind = note && cg_journal_text(note->line, note->length, "\"profile\":\"", word,
                                                               sizeof word)
                                           ? cg_ca_profile_find(word)
                                           : kind_in_archive(inventory, row);
    return kind && kind->purpose == CG_PURPOSE_CLIENT && is_bridge(inventory, row->name) ? cg_ca_profile_find("bridge")
                                                                                         : kind;
}

int64_t cg_inventory_start(const struct cg_inventory *inventory, const struct cg_inventory_row *row)
{
    char text[32];
    int64_t start = CG_TIME_NONE;
    const struct cg_inventory_note *note = note_of(inventory, row);
    if (note && cg_journal_text(note->line, note->length, "\"not_before\":\"", text, sizeof text) &&
        cg_time_read_text(text, &start))
        return start;
    X509 *cert = load(inventory, row);
    if (!cert || !cg_time_seconds(X509_get0_notBefore(cert), &start))
        start = CG_TIME_NONE;
    X509_free(cert);
    return start;
}

void cg_inventory_subject(const struct cg_inventory *inventory, const struct cg_inventory_row *row, char *out,
                          size_t size)
{
    const struct cg_inventory_note *note = note_of(inventory, row);
    cJSON *object = note ? cJSON_ParseWithLength(note->line, note->length) : NULL;
    const char *subject = cg_member_text(object, "subject");
    if (*subject)
        snprintf(out, size, "%s", subject);
    else
        cg_index_subject_text(row->index.subject, out, size);
    cJSON_Delete(object);
}

/* ---- renewal ---- */

bool cg_inventory_due(const struct cg_inventory *inventory, const struct cg_inventory_row *row, int64_t *due)
{
    struct cg_live live = {.end = row->index.expires};
    if (row->holding != CG_HOLDING_IN_USE)
        return false;
    live.start = cg_inventory_start(inventory, row);
    live.is_read = live.start != CG_TIME_NONE;
    snprintf(live.serial, sizeof live.serial, "%s", row->index.serial);
    return cg_renewal_due_of(&live, inventory->ca->options.now, due);
}

bool cg_inventory_is_overdue(const struct cg_inventory *inventory, const struct cg_inventory_row *row)
{
    int64_t due = 0;
    return cg_inventory_due(inventory, row, &due) &&
           cg_renewal_overdue_from(due, row->index.expires) <= inventory->ca->options.now;
}

/* Only for certificates that have a request in the journal is there a file to look for. */
bool cg_inventory_successor(const struct cg_inventory *inventory, const struct cg_inventory_row *row,
                            struct cg_successor *successor, struct cg_error *err)
{
    char id[CG_HEX_MAX];
    const struct cg_inventory_note *note = note_of(inventory, row);
    *successor = (struct cg_successor){.requested = CG_TIME_NONE, .confirmed = CG_TIME_NONE};
    return !row->generation || !note || !cg_journal_text(note->line, note->length, "\"renewal\":\"", id, sizeof id) ||
           cg_successor_read(inventory->ca, row->name, row->generation, successor, err);
}

void cg_inventory_remark(const struct cg_inventory *inventory, const struct cg_inventory_row *row,
                         char out[CG_INVENTORY_REMARK_MAX])
{
    struct cg_successor successor;
    char date[24] = "";
    int64_t due = 0;
    out[0] = '\0';
    if (row->index.reason > 0) {
        snprintf(out, CG_INVENTORY_REMARK_MAX, "%s", cg_reason_name(row->index.reason));
        return;
    }
    const bool overdue = cg_inventory_is_overdue(inventory, row) && cg_inventory_due(inventory, row, &due);
    if (overdue)
        cg_time_text(due, date, sizeof date);
    cg_inventory_successor(inventory, row, &successor, NULL);
    snprintf(out, CG_INVENTORY_REMARK_MAX, "%s%s%s%s%.10s", *successor.id ? "renewed over MQTT" : "",
             *successor.id && successor.confirmed == CG_TIME_NONE ? ", not confirmed" : "",
             *successor.id && overdue ? ", " : "", overdue ? "due since " : "", date);
}

static void add_time(cJSON *object, const char *key, int64_t seconds)
{
    char text[24];
    if (seconds == CG_TIME_NONE)
        return;
    cg_time_text(seconds, text, sizeof text);
    cJSON_AddStringToObject(object, key, text);
}

static void add_renewal(cJSON *object, const struct cg_inventory *inventory, const struct cg_inventory_row *row)
{
    struct cg_successor successor;
    struct cg_error err = {""};
    int64_t due = CG_TIME_NONE;
    if (cg_inventory_due(inventory, row, &due))
        add_time(object, "renewal_due", due);
    if (!cg_inventory_successor(inventory, row, &successor, &err))
        cJSON_AddItemToObject(object, "renewal", cg_json_of("error", err.text));
    else if (*successor.id)
        cJSON_AddItemToObject(object, "renewal", cg_successor_json(&successor));
}

cJSON *cg_inventory_json(const struct cg_inventory *inventory, const struct cg_inventory_row *row)
{
    char serial[CG_SERIAL_TEXT_MAX], subject[1024];
    const struct cg_ca_profile *kind = cg_inventory_kind(inventory, row);
    const int reason = row->index.reason;
    cJSON *object = cg_json_of("name", row->name, "profile", kind ? kind->name : "other", "state",
                               cg_holding_state(row->holding));
    cJSON_AddBoolToObject(object, "in_use", row->is_live);
    if (row->generation)
        cJSON_AddNumberToObject(object, "generation", row->generation);
    add_time(object, "not_before", cg_inventory_start(inventory, row));
    add_time(object, "not_after", row->index.expires);
    cg_inventory_subject(inventory, row, subject, sizeof subject);
    cg_json_add(object, "serial", cg_index_serial_text(row->index.serial, serial), "subject", subject);
    add_renewal(object, inventory, row);
    if (row->holding == CG_HOLDING_REVOKED) {
        add_time(object, "revoked", row->index.revoked);
        cg_json_add(object, "reason", reason < 0 ? "unspecified" : cg_reason_name(reason));
    }
    return object;
}
