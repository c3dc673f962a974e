/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/failure.h"
#include "ca_options/ca_options.h"
#include "ca_options/names.h"
#include "cli/table.h"
#include "core/cert/name.h"
#include "deploy/inventory.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHER "other"

struct options {
    struct cg_number expiring;
    struct cg_list kind;
    const char *sort;
    bool revoked, expired, overdue, all;
};

static const struct cg_option options[] = {
    {"expiring", "DURATION", "list valid certificates that expire within this time; superseded ones only with --all",
     CG_OPT_DURATION, 0, AT(expiring)},
    {"revoked", NULL, "list revoked certificates", CG_OPT_FLAG, 0, AT(revoked)},
    {"expired", NULL, "list expired certificates", CG_OPT_FLAG, 0, AT(expired)},
    {"overdue", NULL, "list certificates in use that should have been renewed, with a day for timers and devices",
     CG_OPT_FLAG, 0, AT(overdue)},
    {"all", NULL, "list all certificates (default: the valid ones)", CG_OPT_FLAG, 0, AT(all)},
    {"kind", "broker|bridge|client|" OTHER, "list certificates of this type (repeatable)", CG_OPT_LIST, 0, AT(kind)},
    {"sort", "name|expires|issued|kind|serial", "sort the list (default: in the order of issue)", CG_OPT_CHOICE, 0,
     AT(sort)},
};

struct item {
    struct cg_inventory_row row;
    const char *kind;
    int64_t issued; /* only for --sort issued */
    size_t at;      /* in the index */
};

struct list {
    const struct cg_cli *cli;
    const struct options *options;
    struct cg_inventory inventory;
    struct item *item;
    size_t count;
};

/* ---- the filters */

static bool has_state(const struct list *list, const struct cg_inventory_row *row)
{
    const struct options *o = list->options;
    const bool is_valid = row->holding < CG_HOLDING_REVOKED;
    if ((o->revoked && row->holding == CG_HOLDING_REVOKED) || (o->expired && row->holding == CG_HOLDING_EXPIRED) ||
        (o->overdue && cg_inventory_is_overdue(&list->inventory, row)))
        return true;
    if (o->expiring.given)
        return is_valid && row->index.expires <= list->cli->now + o->expiring.value &&
               (o->all || row->holding != CG_HOLDING_SUPERSEDED);
    return o->all || (is_valid && !o->revoked && !o->expired && !o->overdue);
}

static bool has_kind(const struct cg_list *kinds, const char *kind)
{
    bool found = kinds->count == 0;
    for (size_t i = 0; !found && i < kinds->count; i++)
        found = strcmp(kinds->item[i], kind) == 0;
    return found;
}

static const char *kind_of(const struct list *list, const struct cg_inventory_row *row)
{
    const struct cg_ca_profile *kind = cg_inventory_kind(&list->inventory, row);
    return kind ? kind->name : OTHER;
}

static bool add(struct list *list, const struct cg_inventory_row *row, size_t at, struct cg_error *err)
{
    const struct options *o = list->options;
    if (!has_state(list, row) || !cg_names_match(list->cli, row->name))
        return true;
    const char *kind = kind_of(list, row);
    if (!has_kind(&o->kind, kind))
        return true;
    struct item *items = cg_array_grow(list->item, list->count, sizeof *items);
    if (!items)
        return cg_fail_memory(err);
    list->item = items;
    const bool dated = o->sort && strcmp(o->sort, "issued") == 0;
    items[list->count++] = (struct item){*row, kind, dated ? cg_inventory_start(&list->inventory, row) : 0, at};
    return true;
}

/* All rows before and after a damaged line, with its error. */
static bool collect(struct list *list, struct cg_error *err)
{
    struct cg_inventory_row row;
    struct cg_error later = {""};
    const struct cg_index *index = &list->inventory.index;
    bool ok = true;
    for (size_t at = 0; index->at < index->len; at++)
        if (!cg_inventory_next(&list->inventory, &row, ok ? err : &later) || !add(list, &row, at, ok ? err : &later))
            ok = false;
    return ok;
}

/* ---- the order */

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_index(const struct item *a, const struct item *b)
{
    return (a->at > b->at) - (a->at < b->at);
}

static int by_name(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    const int order = strcmp(x->row.name, y->row.name);
    return order ? order : by_index(x, y);
}

static int by_end(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    const int order = compare_numbers(x->row.index.expires, y->row.index.expires);
    return order ? order : by_index(x, y);
}

static int by_start(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    const int order = compare_numbers(x->issued, y->issued);
    return order ? order : by_index(x, y);
}

static int by_kind(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    const int order = strcmp(x->kind, y->kind);
    return order ? order : by_index(x, y);
}

/* As numbers: the longer one without leading zeros is greater. */
static int by_serial(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    const char *one = x->row.index.serial + strspn(x->row.index.serial, "0");
    const char *other = y->row.index.serial + strspn(y->row.index.serial, "0");
    const int order = compare_numbers((int64_t)strlen(one), (int64_t)strlen(other));
    return order ? order : strcmp(one, other);
}

static void sort(struct list *list)
{
    static const struct {
        const char *word;
        int (*compare)(const void *, const void *);
    } orders[] = {
        {"name", by_name}, {"expires", by_end}, {"issued", by_start}, {"kind", by_kind}, {"serial", by_serial}};
    for (size_t i = 0; list->count && list->options->sort && i < CG_COUNT(orders); i++)
        if (strcmp(orders[i].word, list->options->sort) == 0)
            qsort(list->item, list->count, sizeof *list->item, orders[i].compare);
}

/* ---- the output */

enum { NAME = 0, KIND, STATE, UNTIL, SERIAL, REMARK, CELLS };

struct cells {
    const char *cell[CELLS];
    char end[24], serial[CG_SERIAL_TEXT_MAX], remark[CG_INVENTORY_REMARK_MAX];
};

static void make_cells(const struct list *list, const struct item *item, struct cells *out)
{
    const struct cg_inventory_row *row = &item->row;
    cg_time_text(row->index.expires, out->end, sizeof out->end);
    cg_index_serial_text(row->index.serial, out->serial);
    out->cell[NAME] = row->name;
    out->cell[KIND] = item->kind;
    out->cell[STATE] = cg_holding_word(row->holding);
    out->cell[UNTIL] = out->end;
    out->cell[SERIAL] = out->serial;
    cg_inventory_remark(&list->inventory, row, out->remark);
    out->cell[REMARK] = out->remark;
}

static void print_table(const struct list *list)
{
    static const char *const titles[] = {"NAME", "KIND", "STATE", "UNTIL", "SERIAL", "", NULL};
    static const enum cg_colour colours[] = {[CG_HOLDING_UNKNOWN] = CG_PLAIN,
                                             [CG_HOLDING_IN_USE] = CG_GREEN,
                                             [CG_HOLDING_SUPERSEDED] = CG_DIM,
                                             [CG_HOLDING_REVOKED] = CG_RED,
                                             [CG_HOLDING_EXPIRED] = CG_YELLOW};
    struct cg_table table = {.titles = titles};
    struct cells cells;
    for (size_t i = 0; i < list->count; i++) {
        make_cells(list, &list->item[i], &cells);
        cg_table_measure(&table, cells.cell);
    }
    if (list->count)
        cg_table_head(&table);
    for (size_t i = 0; i < list->count; i++) {
        make_cells(list, &list->item[i], &cells);
        cg_table_row(&table, cells.cell, STATE, colours[list->item[i].row.holding]);
    }
}

/* One line of JSON per certificate, so that a million entries are never one object in memory. */
static void print_json(const struct list *list)
{
    printf("{\"certificates\":[");
    for (size_t i = 0; i < list->count && !ferror(stdout); i++)
        cg_json_element(cg_inventory_json(&list->inventory, &list->item[i].row), i == 0);
    printf("]}\n");
}

static void say_none(const struct cg_cli *cli, const struct options *o)
{
    const long long days = o->expiring.value / CG_DAY;
    const bool filtered = cli->nargs || o->kind.count;
    if (o->all && !filtered && !o->expiring.given)
        cg_say(cli, "This CA has not issued any certificates.");
    else if (o->expiring.given && !o->revoked && !o->expired && !o->overdue && !filtered && days > 0)
        cg_say(cli, "No certificate ends within %lld day%s. See all with: %s list", days, cg_plural((size_t)days),
               cli->prefix);
    else
        cg_say(cli, "No such certificate. See all with: %s list --all", cli->prefix);
}

static int list_work(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct list list = {.cli = cli, .options = context};
    const bool ok = cg_inventory_open(&list.inventory, ca, err) && collect(&list, err);
    sort(&list);
    if (!cli->json)
        print_table(&list);
    else if (ok)
        print_json(&list);
    if (ok && !list.count)
        say_none(cli, context);
    free(list.item);
    cg_inventory_close(&list.inventory);
    return ok ? CG_EXIT_OK : CG_EXIT_FAILED;
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct options o = *(const struct options *)values;
    return cg_verb_with_ca(cli, CG_CA_READ, list_work, &o);
}

const struct cg_verb cg_verb_list = {
    .name = "list",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("[NAME...]", 0, -1),
    .completes = CG_WORD_NAME,
    .summary = "list the issued certificates",
    .description =
        "Lists the certificates of this CA with their type, state, expiry date and serial number. NAME may contain\n"
        "the wildcards *, ? and [...]; quote them for the shell.\n\n"
        "States: \"in use\" is the valid certificate in live/NAME. \"superseded\" is one that is still valid, but was\n"
        "replaced by a newer one. \"valid\" is one that this CA knows only by its serial number, for example because\n"
        "it was imported. \"revoked\" and \"expired\" certificates are refused by brokers.\n\n"
        "The last column has the reason of a revocation, and shows which certificates devices fetched over MQTT, "
        "which\n"
        "of these were not used yet (not confirmed), and which should have been renewed more than a day ago.",
    .examples = "certguard list\n"
                "certguard list --expiring 30d --sort expires\n"
                "certguard list --overdue\n"
                "certguard list 'pump-*' --kind client\n"
                "certguard --json list --revoked",
    CG_OPTIONS(options, struct options),
    .run = run,
};
