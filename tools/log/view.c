/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "view.h"

#include "base/array.h"
#include "cli/print.h"
#include "cli/tty.h"
#include "core/base/reason.h"
#include "core/cert/name.h"
#include "fix.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_MAX 30

static const char *colour(enum cg_colour c)
{
    return cg_colour(STDOUT_FILENO, c);
}

/* The color of the first row whose word is part of the event's name. */
static enum cg_colour colour_of(const char *event)
{
    static const struct {
        const char *word;
        enum cg_colour colour;
    } rows[] = {{"rejected", CG_RED},   {"denied", CG_RED},       {"ended", CG_RED},      {"lost", CG_RED},
                {"loaded", CG_GREEN},   {"accepted", CG_GREEN},   {"audited", CG_YELLOW}, {"stale", CG_YELLOW},
                {"warning", CG_YELLOW}, {"suppressed", CG_YELLOW}};
    for (size_t i = 0; i < CG_COUNT(rows); i++)
        if (strstr(event, rows[i].word))
            return rows[i].colour;
    return CG_PLAIN;
}

/* "192.0.2.7:51234 > 8883" */
static void show_peer(const struct cg_log_event *event, int width)
{
    char text[CG_SHOWN_MAX];
    if (event->listener)
        snprintf(text, sizeof text, "%.200s%s%d", event->peer, *event->peer ? " > " : "> ", event->listener);
    else
        snprintf(text, sizeof text, "%.200s", event->peer);
    cg_column(text, width);
}

static const char *who(const struct cg_log_event *event)
{
    return *event->client_id ? event->client_id : *event->subject ? event->subject : event->file;
}

void cg_log_show(const struct cg_log_event *event)
{
    char time[24] = "";
    cg_time_text(event->at_ms / 1000, time, sizeof time);
    printf("%s%s%s %s", colour(CG_DIM), time, colour(CG_PLAIN), colour(colour_of(event->event)));
    cg_column(event->event, 18);
    printf("%s", colour(CG_PLAIN));
    show_peer(event, 28);
    cg_column(who(event), 20);
    printf("%s", colour(CG_BOLD));
    cg_column(*event->reason ? event->reason : "-", 18);
    printf("%s", colour(CG_PLAIN));
    char shown[CG_SHOWN_MAX];
    if (*event->policy)
        printf("policy %s, %.0f trust anchors, %.0f CRLs ", cg_shown(event->policy, shown), event->anchors,
               event->crls);
    if (event->count > 0)
        printf("%.0f %s ", event->count, event->count == 1 ? "time" : "times");
    printf("%s\n", cg_shown(event->detail, shown));
}

static void explain_row(const char *title, const char *text)
{
    char shown[CG_SHOWN_MAX];
    if (*text)
        printf("    %-8s%s\n", title, cg_shown(text, shown));
}

void cg_log_explain(const struct cg_log_event *event)
{
    char text[CG_SHOWN_MAX], command[CG_FIX_MAX], shown[CG_SHOWN_MAX];
    const struct cg_reason_row *row = cg_reason_row(cg_reason_from_code(event->reason));
    bool known = strcmp(row->code, event->reason) == 0;

    cg_log_show(event);
    if (known)
        snprintf(text, sizeof text, "%s%s%s%s", row->sentence, *row->ref ? " (" : "", row->ref, *row->ref ? ")" : "");
    explain_row("means", known ? text : "");
    if (*event->subject) {
        snprintf(text, sizeof text, "%.400s, issued by %.400s, serial %.64s, until %.32s", event->subject,
                 *event->issuer ? event->issuer : "(no issuer)", event->serial, event->not_after);
        explain_row("cert", text);
    }
    explain_row("fix", *event->fix ? event->fix
                       : known     ? cg_reason_fix(cg_reason_from_code(event->reason), event->cert_owner)
                                   : "");
    if (cg_log_fix(event, command))
        printf("    %-8s%s%s%s\n", "run", colour(CG_BOLD), cg_shown(command, shown), colour(CG_PLAIN));
    printf("\n");
}

void cg_log_bars(const char *title, struct cg_counts *counts, size_t most)
{
    static const char bar[BAR_MAX + 1] = "##############################";
    char shown[CG_SHOWN_MAX];
    cg_counts_sort(counts);
    if (!counts->used)
        return;
    printf("%s%s%s\n", colour(CG_BOLD), title, colour(CG_PLAIN));
    for (size_t i = 0; i < counts->used && i < most; i++) {
        const struct cg_count *row = &counts->row[i];
        int length = (int)(row->count / counts->row[0].count * BAR_MAX);
        printf("  %8.0f %s%-*.*s%s %s\n", row->count, colour(CG_YELLOW), BAR_MAX, length < 1 ? 1 : length, bar,
               colour(CG_PLAIN), cg_shown(row->name, shown));
    }
    if (counts->used > most)
        printf("  ... and %zu more\n", counts->used - most);
    if (counts->others > 0)
        printf("  %8.0f others, beyond the first %d names\n", counts->others, CG_COUNTS_MAX);
    printf("\n");
}
