/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "view.h"

#include "cli/print.h"
#include "cli/tty.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SOON_DAYS 14
#define CLIENT    24
#define PEER      22
#define SUBJECT   36
#define REASON    20

const cJSON *cg_status_tally(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsObject(item) ? item : NULL;
}

static const char *colour(enum cg_colour c)
{
    return cg_colour(STDOUT_FILENO, c);
}

static void title(const char *text)
{
    printf("%s", colour(CG_BOLD));
    cg_column(text, 13);
    printf("%s", colour(CG_PLAIN));
}

static void show_text(const char *text)
{
    char shown[CG_SHOWN_MAX];
    printf("%s", cg_shown(text, shown));
}

/* "2026-11-01T00:00:00Z, 29 days left", in a color that depends on the days left. */
static void show_end(const cJSON *item, const char *key)
{
    const double days = cg_member_number(item, "days");
    if (!*cg_member_text(item, key))
        return;
    printf("%s", colour(days < 0 ? CG_RED : days <= SOON_DAYS ? CG_YELLOW : CG_PLAIN));
    show_text(cg_member_text(item, key));
    if (days < 0)
        printf(", expired");
    else
        printf(", %.0f day%s left", days, days == 1 ? "" : "s");
    printf("%s", colour(CG_PLAIN));
}

static int larger_first(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;
    return (*x)->valuedouble < (*y)->valuedouble ? 1 : (*x)->valuedouble > (*y)->valuedouble ? -1 : 0;
}

/* The counts by reason, largest first. */
static void show_reasons(const cJSON *tally)
{
    enum { MOST = 200 };
    const cJSON *row[MOST] = {NULL}, *item = NULL;
    size_t count = 0;
    char shown[CG_SHOWN_MAX];
    cJSON_ArrayForEach(item, cg_status_tally(tally, "reasons"))
    {
        if (cJSON_IsNumber(item) && count < MOST)
            row[count++] = item;
    }
    qsort(row, count, sizeof *row, larger_first);
    for (size_t i = 0; i < count; i++)
        printf("%14s%9.0f %s\n", "", row[i]->valuedouble, cg_shown(row[i]->string, shown));
}

static void show_sessions_line(const cJSON *sessions)
{
    const cJSON *item = NULL;
    char shown[CG_SHOWN_MAX];
    const char *before = "; certificates expire within ";
    title("Sessions");
    printf("%.0f live, %.0f ended by certguard", cg_member_number(sessions, "live"),
           cg_member_number(sessions, "ended"));
    cJSON_ArrayForEach(item, cg_status_tally(sessions, "expiring"))
    {
        printf("%s%s: %.0f", before, cg_shown(item->string, shown), cJSON_IsNumber(item) ? item->valuedouble : 0);
        before = ", ";
    }
    printf("\n");
    show_reasons(sessions);
}

/* One line for each certificate or CRL of a list. */
static void show_ends(const cJSON *data, const char *key, const char *what, const char *name)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, key))
    {
        char port[32];
        snprintf(port, sizeof port, "Broker %.0f", cg_member_number(item, "listener"));
        title(cJSON_HasObjectItem(item, "listener") ? port : what);
        cg_column(cg_member_text(item, name), SUBJECT);
        show_end(item, "not_after");
        if (cJSON_HasObjectItem(item, "entries"))
            printf(", %.0f revoked", cg_member_number(item, "entries"));
        if (cJSON_HasObjectItem(item, "key_type")) {
            printf(", key type ");
            show_text(cg_member_text(item, "key_type"));
        }
        printf("\n");
    }
}

/* Parts that were not updated because their files are invalid: the administrator must act. */
static void show_kept(const cJSON *snapshot)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(snapshot, "kept"))
    {
        printf("  %snot updated: %s", colour(CG_YELLOW), colour(CG_PLAIN));
        show_text(cg_member_text(item, "detail"));
        cg_print(stdout, " [%s]\n", cg_member_text(item, "reason"));
    }
}

/* Requests for new certificates; those that wait for the CA one by one. */
static void show_renewal(const cJSON *renewal)
{
    const double waiting = cg_member_number(renewal, "waiting");
    const cJSON *requests = cJSON_GetObjectItemCaseSensitive(renewal, "requests"), *item = NULL;
    if (!renewal)
        return;
    title("Renewal");
    printf("%.0f waiting for the CA; %.0f delivered, %.0f confirmed, %.0f refused since the start\n", waiting,
           cg_member_number(renewal, "delivered"), cg_member_number(renewal, "confirmed"),
           cg_member_number(renewal, "refused"));
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(renewal, "spool_full")))
        printf("%14s%sthe spool is full: answer the requests with `certguard requests`%s\n", "", colour(CG_RED),
               colour(CG_PLAIN));
    cJSON_ArrayForEach(item, requests)
    {
        printf("%14ssince ", "");
        show_text(cg_member_text(item, "received"));
        printf("  ");
        show_text(cg_member_text(item, "subject"));
        printf("\n");
    }
    if (waiting > cJSON_GetArraySize(requests))
        printf("%14s... and %.0f more\n", "", waiting - cJSON_GetArraySize(requests));
}

void cg_status_show(const cJSON *data)
{
    const cJSON *snapshot = cJSON_GetObjectItemCaseSensitive(data, "snapshot");
    const cJSON *handshakes = cJSON_GetObjectItemCaseSensitive(data, "handshakes");
    const cJSON *rejected = cJSON_GetObjectItemCaseSensitive(handshakes, "rejected");
    const cJSON *denied = cJSON_GetObjectItemCaseSensitive(data, "connects_denied");
    const cJSON *control = cJSON_GetObjectItemCaseSensitive(data, "control_denied");
    title("certguard");
    show_text(cg_member_text(data, "version"));
    printf("\n");
    title("Policy");
    show_text(cg_member_text(snapshot, "policy"));
    printf(", snapshot %.0f", cg_member_number(snapshot, "number"));
    if (cg_member_number(snapshot, "rejected") > 0)
        printf(", %srejected reloads: %.0f%s", colour(CG_YELLOW), cg_member_number(snapshot, "rejected"),
               colour(CG_PLAIN));
    printf("\n");
    show_kept(snapshot);
    title("Handshakes");
    printf("%.0f accepted, %.0f rejected\n", cg_member_number(handshakes, "accepted"),
           cg_member_number(rejected, "total"));
    show_reasons(rejected);
    title("Connects");
    printf("%.0f denied after an accepted handshake\n", cg_member_number(denied, "total"));
    show_reasons(denied);
    show_sessions_line(cJSON_GetObjectItemCaseSensitive(data, "sessions"));
    title("Control");
    printf("refused requests: %.0f\n", cg_member_number(control, "total"));
    show_renewal(cJSON_GetObjectItemCaseSensitive(data, "renewal"));
    show_ends(data, "credentials", "Broker", "subject");
    show_ends(data, "anchors", "Trust anchor", "subject");
    show_ends(data, "intermediates", "Intermediate", "subject");
    show_ends(data, "crls", "CRL", "issuer");
}

static const char *client_of(const cJSON *session)
{
    const char *id = cg_member_text(session, "client_id");
    return *id ? id : "(no CONNECT yet)";
}

void cg_status_show_sessions(const cJSON *data)
{
    const cJSON *item = NULL;
    printf("%s%-*s %-*s %-6s %-8s %-*s %s%s\n", colour(CG_BOLD), CLIENT, "CLIENT", PEER, "PEER", "PORT", "TLS", SUBJECT,
           "CERTIFICATE", "UNTIL", colour(CG_PLAIN));
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "sessions"))
    {
        const char *subject = cg_member_text(cJSON_GetObjectItemCaseSensitive(item, "cert"), "subject");
        cg_column(client_of(item), CLIENT);
        cg_column(cg_member_text(item, "peer"), PEER);
        printf("%-6.0f ", cg_member_number(item, "listener"));
        cg_column(cg_member_text(item, "version"), 8);
        cg_column(*subject ? subject : "(none)", SUBJECT);
        show_end(item, "until");
        printf("\n");
    }
}

static void row(const char *key, const char *text)
{
    if (!*text)
        return;
    title(key);
    show_text(text);
    printf("\n");
}

void cg_status_show_session(const cJSON *data)
{
    const cJSON *item = NULL, *accepted = cJSON_GetObjectItemCaseSensitive(data, "accepted");
    char text[CG_SHOWN_MAX];
    row("Client", client_of(data));
    snprintf(text, sizeof text, "%.200s, connection %.64s, listener %.0f, %.16s %.80s", cg_member_text(data, "peer"),
             cg_member_text(data, "conn"), cg_member_number(data, "listener"), cg_member_text(data, "version"),
             cg_member_text(data, "cipher"));
    row("From", text);
    title("Now");
    printf("%s%s%s: ", colour(cJSON_IsTrue(accepted) ? CG_GREEN : CG_RED),
           cJSON_IsTrue(accepted) ? "accepted" : "not accepted", colour(CG_PLAIN));
    show_text(cg_member_text(data, "reason"));
    printf("\n");
    row("Detail", cg_member_text(data, "detail"));
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "findings"))
    {
        snprintf(text, sizeof text, "%.64s (%.16s): %.400s", cg_member_text(item, "reason"),
                 cg_member_text(item, "mode"), cg_member_text(item, "detail"));
        row("Finding", text);
        row("  fix", cg_member_text(item, "fix"));
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "path"))
    {
        snprintf(text, sizeof text, "%.400s, serial %.64s, until %.32s", cg_member_text(item, "subject"),
                 cg_member_text(item, "serial"), cg_member_text(item, "not_after"));
        row("Path", text);
    }
}

void cg_status_show_dryrun(const cJSON *data)
{
    const cJSON *item = NULL;
    const double refused = cg_member_number(data, "refused");
    int listed = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(data, "sessions"));
    printf("%s%.0f of %.0f live sessions would be refused%s\n", colour(refused > 0 ? CG_RED : CG_GREEN), refused,
           cg_member_number(data, "checked"), colour(CG_PLAIN));
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "sessions"))
    {
        printf("  ");
        cg_column(client_of(item), CLIENT);
        cg_column(cg_member_text(item, "peer"), PEER);
        cg_column(cg_member_text(item, "reason"), REASON);
        show_text(cg_member_text(item, "detail"));
        printf("\n");
    }
    if (refused > listed)
        printf("  ... and %.0f more\n", refused - listed);
}
