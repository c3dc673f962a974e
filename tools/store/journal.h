/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reading journal.jsonl: one line of JSON per action, oldest first. It records what was issued and revoked, so that a lost
 * index can be rebuilt from it. Lines that cannot be read (truncated, damaged) are skipped.
 * The caller owns the struct. Called by the checks of clock and index, revoked, restore and generation. */
#ifndef CG_CA_JOURNAL_H
#define CG_CA_JOURNAL_H

#include "serials.h"
#include "store.h"

#include <cjson/cJSON.h>

struct cg_journal {
    char *text; /* as on disk */
    size_t len, at;
};

/* One line; everything borrows from object. NULL or 0: not in the line. */
struct cg_journal_row {
    cJSON *object;
    const char *done;                   /* "issued", "revoked", "imported", ... */
    const char *name, *serial, *reason; /* serial as in the index */
    const char *file;                   /* of an issued certificate: archive/NAME/GENERATION */
    int64_t time, expires; /* of the action; notAfter of an issued certificate; CG_TIME_NONE: not in the line */
    bool revoked;          /* the serial number is revoked */
};

/* A missing file is an empty journal. tail 0: whole; else the lines in the last tail bytes. */
bool cg_journal_load(struct cg_journal *journal, const struct cg_ca *ca, size_t tail, struct cg_error *err);
void cg_journal_free(struct cg_journal *journal);

/* The next readable line that contains word ("" for any); false at the end. Clear every row. Only lines with the word are
 * parsed. */
bool cg_journal_next(struct cg_journal *journal, const char *word, struct cg_journal_row *row);
void cg_journal_row_clear(struct cg_journal_row *row);

/* The same, without the lines whose certificate is known as revoked, and as compromised if the line says so. */
bool cg_journal_next_unknown(struct cg_journal *journal, const char *word, const struct cg_known *known,
                             struct cg_journal_row *row);

/* The next line about a certificate that was issued, imported or revoked: its serial number, without parsing the JSON. */
struct cg_journal_serial {
    char serial[2 * 20 + 8]; /* as in the index */
    bool revoked, issued;    /* both for one that was imported as revoked */
    bool compromised;        /* revoked, because of its key */
    const char *line;        /* borrowed from the journal; not terminated */
    size_t len;
};
bool cg_journal_next_serial(struct cg_journal *journal, struct cg_journal_serial *line);

/* A text of such a line without parsing it, for values that JSON does not escape: names, types, times. False and "" if it is
 * missing. member: "\"name\":\"". */
bool cg_journal_text(const char *line, size_t len, const char *member, char *out, size_t size);

#endif
