/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* journal.jsonl, read: a line of JSON for each thing that was done, oldest first. What was revoked and issued stands
 * there too, so a lost index can be made again from it. The caller owns the struct.
 * A line that cannot be read (cut short, damaged) is passed over: the others still count. Called by ca_clock,
 * ca_revoked and ca_restore. */
#ifndef CG_CA_JOURNAL_H
#define CG_CA_JOURNAL_H

#include "store.h"

#include <cjson/cJSON.h>

struct cg_journal {
    char *text; /* as on disk */
    size_t len, at;
};

/* One line; everything borrows from object, and NULL or 0 stands for what it does not say. */
struct cg_journal_row {
    cJSON *object;
    const char *done;                   /* "issued", "revoked", "imported", ... */
    const char *name, *serial, *reason; /* serial as in the index */
    const char *subject, *file;         /* of what was issued: as RFC 4514 has it, archive/NAME/GENERATION */
    int64_t time, expires;              /* when it was done; notAfter of what was issued; CG_TIME_NONE: not told */
    bool revoked;                       /* it says that the serial number is revoked */
};

/* A missing file is an empty journal. tail 0: whole; else the lines in the last tail octets. */
bool cg_journal_load(struct cg_journal *journal, const struct cg_ca *ca, size_t tail, struct cg_error *err);
void cg_journal_free(struct cg_journal *journal);

/* The next line that holds word ("" for any) and can be read; false at the end. Clear every row.
 * A million lines of which few hold the word take as long as reading them. */
bool cg_journal_next(struct cg_journal *journal, const char *word, struct cg_journal_row *row);
void cg_journal_row_clear(struct cg_journal_row *row);

/* Only what was issued, imported and revoked, and of it the serial number: without taking the line apart. */
struct cg_journal_serial {
    char serial[2 * 20 + 8]; /* as in the index */
    bool revoked;
};
bool cg_journal_next_serial(struct cg_journal *journal, struct cg_journal_serial *line);

#endif
