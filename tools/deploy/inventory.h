/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The certificates of the CA: rows of the index with what the journal, live/ and archive/ add: type, generation, and whether
 * it is the one in use. No certificate is read unless the journal does not have its type or dates, as for imported ones.
 * The caller owns the struct; rows borrow from it. Called by the verbs list and show, and by prune. */
#ifndef CG_INVENTORY_H
#define CG_INVENTORY_H

#include "ca/profile.h"
#include "ca/successor.h"
#include "store/index.h"
#include "store/journal.h"

enum cg_holding {
    CG_HOLDING_UNKNOWN = 0, /* valid, but known by its serial number only: someone else has it */
    CG_HOLDING_IN_USE,      /* valid, and the live generation of its name */
    CG_HOLDING_SUPERSEDED,  /* valid, and another generation is live */
    CG_HOLDING_REVOKED,
    CG_HOLDING_EXPIRED,
};

/* "in use", ...; for people. The state in JSON is the validity: "valid", "revoked", "expired". */
const char *cg_holding_word(enum cg_holding holding);
const char *cg_holding_state(enum cg_holding holding);

struct cg_inventory_row {
    struct cg_index_row index;
    char name[CG_NAME_MAX + 1];
    unsigned generation; /* in archive/; 0: known by its serial number only */
    bool is_live;        /* the live generation, even if it is revoked or has expired */
    enum cg_holding holding;
};

struct cg_inventory_note; /* a line of the journal */

struct cg_inventory {
    const struct cg_ca *ca;
    struct cg_index index;
    struct cg_journal journal;
    struct cg_inventory_note *note; /* sorted by serial number */
    size_t notes;
    char (*bridge)[CG_NAME_MAX + 1]; /* sorted */
    size_t bridges;
};

bool cg_inventory_open(struct cg_inventory *inventory, const struct cg_ca *ca, struct cg_error *err);
void cg_inventory_close(struct cg_inventory *inventory);

/* The next row, in the order of the index. False at its end, or with the error if a line is damaged. */
bool cg_inventory_next(struct cg_inventory *inventory, struct cg_inventory_row *row, struct cg_error *err);

/* NULL: neither for brokers nor for clients, or unknown. */
const struct cg_ca_profile *cg_inventory_kind(const struct cg_inventory *inventory, const struct cg_inventory_row *row);
int64_t cg_inventory_start(const struct cg_inventory *inventory,
                           const struct cg_inventory_row *row); /* notBefore; CG_TIME_NONE */
/* RFC 4514; the index does not distinguish a slash in a value from the next attribute, the journal does. */
void cg_inventory_subject(const struct cg_inventory *inventory, const struct cg_inventory_row *row, char *out,
                          size_t size);

/* When it is due for renewal (core/renewal/due.h). False: another one is in use, or it is not valid, or its dates are unknown. */
bool cg_inventory_due(const struct cg_inventory *inventory, const struct cg_inventory_row *row, int64_t *due);
bool cg_inventory_is_overdue(const struct cg_inventory *inventory, const struct cg_inventory_row *row); /* renewal.h */

/* The renewal over MQTT that made it; id "": none. False: its file cannot be read. */
bool cg_inventory_successor(const struct cg_inventory *inventory, const struct cg_inventory_row *row,
                            struct cg_successor *successor, struct cg_error *err);

/* The remark in tables: why it was revoked, that it was renewed over MQTT, that its renewal is overdue; or "". */
#define CG_INVENTORY_REMARK_MAX 80
void cg_inventory_remark(const struct cg_inventory *inventory, const struct cg_inventory_row *row,
                         char out[CG_INVENTORY_REMARK_MAX]);

/* The members that every verb prints of a certificate: name, type, state, whether in use, generation, dates, serial number,
 * subject, when its renewal is due, the renewal over MQTT that made it, and of a revoked one the date and the reason. */
cJSON *cg_inventory_json(const struct cg_inventory *inventory, const struct cg_inventory_row *row);

#endif
