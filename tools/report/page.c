/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "page.h"

#include "chart.h"
#include "core/base/datetime.h"
#include "core/cert/name.h"
#include "html.h"
#include "policy.h"

#include <string.h>

#define TOP       15
#define SOON_DAYS 30

static const struct {
    const char *word, *class;
} states[] = {{"Good", "good"}, {"Watch", "watch"}, {"Act", "act"}};

static void head(FILE *out)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">\n"
          "<title>certguard report</title>\n<style>",
          out);
    fputs(cg_html_style, out);
    fputs("</style></head>\n<body>\n", out);
}

static void header(FILE *out, const struct cg_report *report)
{
    fputs("<header><h1>certguard report</h1>\n<p>", out);
    if (report->since != CG_TIME_NONE) {
        cg_html_moment(out, report->since);
        fputs(" to ", out);
        cg_html_moment(out, report->until);
        fprintf(out, ", %.0f events. ", report->events);
    } else {
        fputs("No events in this time. ", out);
    }
    fputs("Created ", out);
    cg_html_moment(out, report->now);
    fputs(" (all times UTC).</p></header>\n<main>\n", out);
}

static void card(FILE *out, const char *class, double number, const char *words)
{
    fprintf(out, "<li class=\"%s\"><b>%.0f</b> %s</li>\n", class, number, words);
}

static double ending_soon(const struct cg_forecast *forecast, int64_t now)
{
    double soon = 0;
    for (size_t i = 0; i < forecast->nnext; i++)
        soon += forecast->next[i].end < now + SOON_DAYS * CG_DAY;
    return soon;
}

static void cards(FILE *out, const struct cg_report *report)
{
    const struct cg_forecast *forecast = report->issued.known ? &report->issued : &report->seen;
    double act = 0;
    for (size_t i = 0; i < report->health.count; i++)
        act += report->health.row[i].state == CG_HEALTH_ACT;
    for (size_t i = 0; i < report->renewals.count; i++)
        act += report->renewals.row[i].state == CG_HEALTH_ACT;
    fputs("<ul class=\"cards\">\n", out);
    card(out, report->rejected > 0 ? "act" : "good", report->rejected, "rejected");
    card(out, "", (double)report->peers.used, "rejected peers");
    card(out, "", report->accepted, "accepted and logged");
    card(out, report->audited > 0 ? "watch" : "", report->audited, "accepted by audit mode only");
    card(out, "", report->ended, "sessions ended");
    card(out, ending_soon(forecast, report->now) > 0 ? "watch" : "good", ending_soon(forecast, report->now),
         "expiring within 30 days");
    card(out, act > 0 ? "act" : "good", act, "to act on");
    fputs("</ul>\n", out);
}

static void section(FILE *out, const char *title, const char *note)
{
    fprintf(out, "</section>\n<section><h2>%s</h2>\n", title);
    if (*note)
        fprintf(out, "<p class=\"note\">%s</p>\n", note);
}

static const char *fix_of(const char *code, enum cg_cert_owner cert_owner)
{
    enum cg_reason reason = cg_reason_from_code(code);
    return strcmp(cg_reason_row(reason)->code, code) == 0 ? cg_reason_fix(reason, cert_owner) : "";
}

static void reasons(FILE *out, const struct cg_report *report)
{
    static const char *const titles[] = {"Reason", "Count", "What it means", "What to do", NULL};
    bool shown[CG_REASON_COUNT] = {false};
    if (report->rejected <= 0)
        return;
    section(out, "Reasons", "");
    cg_html_table(out, "Rejections by reason, with the fix", titles, 1 << 1);
    for (int i; (i = cg_report_next_reason(report, shown)) >= 0;) {
        const struct cg_reason_row *row = cg_reason_row((enum cg_reason)i);
        const bool known = i != CG_REASON_UNSET;
        fputs("<tr>", out);
        cg_html_code(out, titles[0], known ? row->code : "(of another version)");
        cg_html_number(out, titles[1], report->reason[i]);
        cg_html_cell(out, titles[2], known ? row->sentence : "");
        cg_html_fix(out, titles[3],
                    known ? cg_reason_fix((enum cg_reason)i, report->clients[i] ? CG_OF_CLIENT : CG_OF_BRIDGE) : "");
        fputs("</tr>\n", out);
    }
    cg_html_table_end(out);
}

static void top(FILE *out, const struct cg_counts *counts, const char *caption, const char *what)
{
    const char *const titles[] = {what, "Count", "Last", "Reason", "Fix", NULL};
    if (!counts->used) {
        fputs("<p class=\"none\">None.</p>\n", out);
        return;
    }
    cg_html_table(out, caption, titles, 1 << 1);
    for (size_t i = 0; i < counts->used && i < TOP; i++) {
        const struct cg_count *row = &counts->row[i];
        fputs("<tr>", out);
        cg_html_cell(out, titles[0], row->name);
        cg_html_number(out, titles[1], row->count);
        cg_html_time(out, titles[2], row->last_ms / 1000);
        cg_html_code(out, titles[3], row->reason);
        if (row->note)
            cg_html_code(out, titles[4], row->note);
        else
            cg_html_fix(out, titles[4], fix_of(row->reason, row->cert_owner));
        fputs("</tr>\n", out);
    }
    cg_html_table_end(out);
    double rest = counts->others;
    for (size_t i = TOP; i < counts->used; i++)
        rest += counts->row[i].count;
    if (rest > 0)
        fprintf(out, "<p class=\"note\">And %.0f rejections of %s%zu others.</p>\n", rest,
                counts->others > 0 ? "more than " : "", counts->used > TOP ? counts->used - TOP : 0);
}

static void ending(FILE *out, const struct cg_forecast *forecast, int64_t now, const char *caption, const char *last)
{
    const char *const titles[] = {"Certificate", "Expires", "Days left", last, NULL};
    if (!forecast->nnext)
        return;
    fprintf(out, "<h3>%s</h3>\n", caption);
    cg_html_table(out, caption, titles, 1 << 2);
    for (size_t i = 0; i < forecast->nnext; i++) {
        const struct cg_report_expiry *row = &forecast->next[i];
        const int64_t left = row->end - now;
        fputs(left < 7 * CG_DAY           ? "<tr class=\"act\">"
              : left < SOON_DAYS * CG_DAY ? "<tr class=\"watch\">"
                                          : "<tr>",
              out);
        cg_html_cell(out, titles[0], row->name);
        cg_html_time(out, titles[1], row->end);
        cg_html_number(out, titles[2], (double)(left >= 0 ? left / CG_DAY : -((CG_DAY - 1 - left) / CG_DAY)));
        cg_html_fix(out, titles[3], row->note);
        fputs("</tr>\n", out);
    }
    cg_html_table_end(out);
}

static void forecasts(FILE *out, const struct cg_report *report)
{
    section(out, "Expiry dates", "");
    if (!report->issued.known)
        fputs("<p class=\"note\">No CA was read. Use <code>-C DIR</code> to include the certificates of a CA.</p>\n",
              out);
    if (!report->seen.known)
        fputs("<p class=\"note\">The logs contain no accepted certificates. To log them, set <code>\"log\": "
              "{\"accepted\": true}</code> in the policy.</p>\n",
              out);
    if (!report->issued.known && !report->seen.known)
        return;
    cg_chart_forecast(out, report);
    ending(out, &report->issued, report->now, "Issued by the CA", "Renew");
    ending(out, &report->seen, report->now, "Connected", "Client");
}

/* The most severe first. titles: of five columns. */
static void list(FILE *out, const char *caption, const char *const *titles, const struct cg_health_list *list)
{
    cg_html_table(out, caption, titles, 0);
    for (int state = CG_HEALTH_ACT; state >= CG_HEALTH_GOOD; state--)
        for (size_t i = 0; i < list->count; i++) {
            const struct cg_health *row = &list->row[i];
            if ((int)row->state != state)
                continue;
            fprintf(out,
                    "<tr class=\"%s\"><td class=\"s\" data-label=\"State\"><span class=\"state %s\">%s</span></td>",
                    states[state].class, states[state].class, states[state].word);
            cg_html_cell(out, titles[1], row->what);
            cg_html_cell(out, titles[2], row->detail);
            cg_html_time(out, titles[3], row->at);
            cg_html_fix(out, titles[4], row->fix);
            fputs("</tr>\n", out);
        }
    cg_html_table_end(out);
}

static void renewals(FILE *out, const struct cg_report *report)
{
    static const char *const titles[] = {"State", "Certificate", "Detail", "Since", "What to do", NULL};
    if (report->fetched + report->overdue + (double)report->renewals.count <= 0)
        return;
    section(out, "Renewals", "");
    fprintf(out,
            "<p>Certificates in use that should have been renewed: %.0f. Certificates in use that devices fetched over "
            "MQTT: %.0f, %.0f of them used.</p>\n",
            report->overdue, report->fetched, report->confirmed);
    if (report->renewals.count)
        list(out, "Certificates that should have been renewed, and requests for renewal over MQTT", titles,
             &report->renewals);
}

static void health(FILE *out, const struct cg_report *report)
{
    static const char *const titles[] = {"State", "What", "Detail", "Seen", "What to do", NULL};
    section(out, "Health of CA, CRLs and broker", "");
    if (report->health.count)
        list(out, "State of CA certificates, CRLs and the broker's files", titles, &report->health);
    else
        fputs("<p class=\"none\">No data. Use <code>-C DIR</code> to include a CA, and <code>--policy FILE</code> to "
              "include the files of the broker.</p>\n",
              out);
}

static void policy(FILE *out, const struct cg_report_page *page)
{
    const struct cg_report *report = page->report;
    section(out, "Policy in force", "");
    if (report->policy_at != CG_TIME_NONE) {
        fputs("<p>The broker loaded ", out);
        fputs("<code>", out);
        cg_html_text(out, report->policy);
        fputs("</code> at ", out);
        cg_html_moment(out, report->policy_at);
        fprintf(out, ": snapshot %.0f, %.0f trust anchors, %.0f CRLs.</p>\n", report->snapshot, report->anchors,
                report->crls);
    } else {
        fputs("<p class=\"none\">The logs show no loaded policy.</p>\n", out);
    }
    if (page->policy)
        cg_report_policy(out, page->policy, page->policy_text);
    else
        fputs("<p class=\"note\">Use <code>--policy FILE</code> to include the policy.</p>\n", out);
}

void cg_report_page(FILE *out, const struct cg_report_page *page)
{
    const struct cg_report *report = page->report;
    head(out);
    header(out, report);
    fputs("<section><h2>At a glance</h2>\n", out);
    cards(out, report);
    section(out, "Rejections over time", "");
    cg_chart_rejections(out, report);
    reasons(out, report);
    section(out, "Peers", "Most rejected first; reason and fix are those of the last rejection.");
    top(out, &report->peers, "Rejected peers", "Peer");
    section(out, "Certificates", "Most rejected first; reason and fix are those of the last rejection.");
    top(out, &report->certificates, "Rejected certificates", "Certificate");
    forecasts(out, report);
    renewals(out, report);
    health(out, report);
    policy(out, page);
    fprintf(out, "</section></main>\n<footer><p>certguard %s.", CG_VERSION);
    if (page->foreign > 0)
        fprintf(out, " Skipped lines of the logs that are not events: %.0f.", page->foreign);
    fputs("</p></footer>\n</body></html>\n", out);
}
