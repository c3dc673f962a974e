/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "chart.h"

#include "base/array.h"
#include "core/base/datetime.h"
#include "core/cert/name.h"
#include "html.h"

#include <string.h>

#define HEIGHT     220 /* px, of the bars */
#define FOOT       24  /* px below them, for the times */
#define COLOURS    7   /* classes c0 to c6 of the style sheet; the last one is for all other reasons */
#define GRID_LINES 4
#define LABELS     4
#define WEEK       (7 * CG_DAY)

/* The most frequent reasons each have a color. */
struct series {
    enum cg_reason reason[COLOURS - 1];
    size_t count;
    bool others;
};

static void choose(const struct cg_report *report, struct series *series)
{
    bool shown[CG_REASON_COUNT] = {false};
    int next;
    series->count = 0;
    while ((next = cg_report_next_reason(report, shown)) >= 0 && series->count < COLOURS - 1)
        series->reason[series->count++] = (enum cg_reason)next;
    series->others = next >= 0;
}

static const char *series_name(const struct series *series, size_t i)
{
    return i == series->count                     ? "all other reasons"
           : series->reason[i] == CG_REASON_UNSET ? "unknown reasons (of another version)"
                                                  : cg_reason_row(series->reason[i])->code;
}

static size_t series_count(const struct series *series)
{
    return series->count + series->others;
}

static int colour_of(const struct series *series, size_t i)
{
    return i == series->count ? COLOURS - 1 : (int)i;
}

static double series_value(const struct cg_timeline *timeline, const struct series *series, size_t i, size_t bin)
{
    double value = 0;
    if (i < series->count)
        return timeline->count[bin][series->reason[i]];
    value = cg_timeline_total(timeline, bin);
    for (size_t k = 0; k < series->count; k++)
        value -= timeline->count[bin][series->reason[k]];
    return value;
}

/* The top of the scale: a round number, at least the largest value, in whole steps of the grid. */
static double nice_top(double largest)
{
    static const double steps[] = {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
    double scale = 1;
    while (steps[CG_COUNT(steps) - 1] * scale * GRID_LINES < largest)
        scale *= 10;
    for (size_t i = 0; i < CG_COUNT(steps); i++) {
        const double step = steps[i] * scale;
        if (step * GRID_LINES >= largest && (scale > 1 || steps[i] == (double)(int)steps[i]))
            return step * GRID_LINES;
    }
    return largest;
}

static void time_label(int64_t at, int64_t width, char out[32])
{
    char text[32] = "";
    cg_time_text(at, text, sizeof text);
    if (width < CG_DAY)
        snprintf(out, 32, "%.10s %.5s", text, text + 11);
    else
        snprintf(out, 32, "%.10s", text);
}

static void open_svg(FILE *out, const char *id, const char *title, const char *description)
{
    fprintf(out, "<svg role=\"img\" aria-labelledby=\"%s-t %s-d\" width=\"100%%\" height=\"%d\"><title id=\"%s-t\">",
            id, id, HEIGHT + FOOT, id);
    cg_html_text(out, title);
    fprintf(out, "</title><desc id=\"%s-d\">", id);
    cg_html_text(out, description);
    fputs("</desc>\n", out);
}

static void grid(FILE *out, double top)
{
    for (int i = 0; i <= GRID_LINES; i++) {
        const int y = HEIGHT - i * (HEIGHT - 20) / GRID_LINES;
        fprintf(out, "<line class=\"%s\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>", i ? "grid" : "axis", y, y);
        if (i)
            fprintf(out, "<text x=\"2\" y=\"%d\">%.0f</text>", y - 4, top * i / GRID_LINES);
    }
    fputc('\n', out);
}

/* A bar with a tooltip. */
static void bar(FILE *out, int colour, double x, double width, double from, double height, const char *when,
                double value, const char *what)
{
    fprintf(out, "<rect class=\"c%d\" x=\"%.3f%%\" width=\"%.3f%%\" y=\"%.2f\" height=\"%.2f\"><title>", colour, x,
            width, HEIGHT - from - height, height);
    cg_html_text(out, when);
    fprintf(out, ": %.0f ", value);
    cg_html_text(out, what);
    fputs("</title></rect>\n", out);
}

/* The first and last label stay inside the drawing. With few bins there is only one. */
static void time_labels(FILE *out, const struct cg_timeline *timeline)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    const size_t labels = timeline->used < LABELS ? 1 : LABELS;
    for (size_t i = 0; i < labels; i++) {
        char text[32];
        const size_t bin = labels == 1 ? 0 : i * (timeline->used - 1) / (labels - 1);
        const char *anchor = anchors[i == 0 ? 0 : i == labels - 1 ? 2 : 1];
        const double x = 100.0 * ((double)bin + (i == 0 ? 0 : i == labels - 1 ? 1 : 0.5)) / (double)timeline->used;
        time_label(cg_timeline_start(timeline, bin), cg_timeline_width(timeline), text);
        fprintf(out, "<text class=\"%s\" x=\"%.2f%%\" y=\"%d\" text-anchor=\"%s\">%s</text>",
                i == 0 || i == labels - 1 ? "" : "wide", x, HEIGHT + 16, anchor, text);
    }
    fputc('\n', out);
}

static void draw_bins(FILE *out, const struct cg_timeline *timeline, const struct series *series, double top)
{
    const double width = 100.0 / (double)timeline->used;
    for (size_t bin = 0; bin < timeline->used; bin++) {
        char when[32];
        double from = 0;
        time_label(cg_timeline_start(timeline, bin), cg_timeline_width(timeline), when);
        for (size_t i = 0; i < series_count(series); i++) {
            const double value = series_value(timeline, series, i, bin);
            const double height = value / top * (HEIGHT - 20);
            if (value <= 0)
                continue;
            bar(out, colour_of(series, i), (double)bin * width + width * 0.08, width * 0.84, from, height, when, value,
                series_name(series, i));
            from += height;
        }
    }
}

static void legend(FILE *out, const struct cg_report *report, const struct series *series)
{
    double rest = report->rejected;
    fputs("<ul class=\"legend\">", out);
    for (size_t i = 0; i < series_count(series); i++) {
        const double value = i < series->count ? report->reason[series->reason[i]] : rest;
        fprintf(out, "<li><span class=\"key c%d\"></span>", colour_of(series, i));
        cg_html_text(out, series_name(series, i));
        fprintf(out, " <b>%.0f</b></li>", value);
        rest -= value;
    }
    fputs("</ul>\n", out);
}

static void bins_table(FILE *out, const struct cg_timeline *timeline, const struct series *series)
{
    const char *titles[COLOURS + 2] = {"From (UTC)"};
    for (size_t i = 0; i < series_count(series); i++)
        titles[i + 1] = series_name(series, i);
    fputs("<details><summary>The same as a table</summary>\n", out);
    cg_html_table(out, "Rejections by time and reason", titles, ~1U);
    for (size_t bin = 0; bin < timeline->used; bin++) {
        if (cg_timeline_total(timeline, bin) <= 0)
            continue;
        fputs("<tr>", out);
        cg_html_time(out, titles[0], cg_timeline_start(timeline, bin));
        for (size_t i = 0; i < series_count(series); i++)
            cg_html_number(out, titles[i + 1], series_value(timeline, series, i, bin));
        fputs("</tr>\n", out);
    }
    cg_html_table_end(out);
    fputs("</details>\n", out);
}

static void width_words(int64_t width, char out[32])
{
    const struct {
        int64_t unit;
        const char *name;
    } rows[] = {{WEEK, "week"}, {CG_DAY, "day"}, {3600, "hour"}, {60, "minute"}};
    for (size_t i = 0; i < CG_COUNT(rows); i++) {
        const long long count = width / rows[i].unit;
        if (width % rows[i].unit != 0)
            continue;
        if (count == 1)
            snprintf(out, 32, "%s", rows[i].name);
        else
            snprintf(out, 32, "%lld %ss", count, rows[i].name);
        return;
    }
}

void cg_chart_rejections(FILE *out, const struct cg_report *report)
{
    const struct cg_timeline *timeline = &report->timeline;
    struct series series;
    double largest = 0;
    char words[32] = "", description[160];
    if (!timeline->used || report->rejected <= 0) {
        fputs("<p class=\"none\">No rejections in this time.</p>\n", out);
        return;
    }
    choose(report, &series);
    for (size_t i = 0; i < timeline->used; i++)
        largest = cg_timeline_total(timeline, i) > largest ? cg_timeline_total(timeline, i) : largest;
    width_words(cg_timeline_width(timeline), words);
    snprintf(description, sizeof description, "Stacked bars, one per %s; the highest shows %.0f rejections.", words,
             largest);
    fprintf(out, "<p class=\"note\">One bar per %s, UTC.</p>\n<figure>", words);
    open_svg(out, "rejections", "Rejections over time, by reason", description);
    grid(out, nice_top(largest));
    draw_bins(out, timeline, &series, nice_top(largest));
    time_labels(out, timeline);
    fputs("</svg>\n", out);
    legend(out, report, &series);
    fputs("</figure>\n", out);
    bins_table(out, timeline, &series);
}

#define SLOTS (CG_REPORT_WEEKS + 1) /* expired, then the weeks */

static double ending_in(const struct cg_forecast *forecast, size_t slot)
{
    return slot == 0 ? forecast->over : forecast->week[slot - 1];
}

static void slot_words(const struct cg_report *report, size_t slot, char out[32])
{
    char date[24] = "";
    cg_time_text(report->now + ((int64_t)slot - 1) * WEEK, date, sizeof date);
    if (slot == 0)
        snprintf(out, 32, "already expired");
    else
        snprintf(out, 32, "week from %.10s", date);
}

static void draw_forecast(FILE *out, const struct cg_report *report, double top)
{
    const struct cg_forecast *const both[] = {&report->issued, &report->seen};
    static const char *const names[] = {"issued by the CA", "connected"};
    const double width = 100.0 / SLOTS;
    for (size_t slot = 0; slot < SLOTS; slot++) {
        char when[32], date[24] = "";
        slot_words(report, slot, when);
        for (size_t i = 0; i < CG_COUNT(both); i++) {
            const double value = ending_in(both[i], slot);
            if (value > 0)
                bar(out, (int)i, ((double)slot + 0.1 + 0.4 * (double)i) * width, width * 0.38, 0,
                    value / top * (HEIGHT - 20), when, value, names[i]);
        }
        cg_time_text(report->now + ((int64_t)slot - 1) * WEEK, date, sizeof date);
        if (slot % 3 == 1 || slot == 0)
            fprintf(out, "<text x=\"%.2f%%\" y=\"%d\" text-anchor=\"middle\">%.5s</text>\n",
                    ((double)slot + 0.5) * width, HEIGHT + 16, slot == 0 ? "expired" : date + 5);
    }
}

static void forecast_table(FILE *out, const struct cg_report *report)
{
    static const char *const titles[] = {"Expires", "Issued", "Connected", NULL};
    fputs("<details><summary>The same as a table</summary>\n", out);
    cg_html_table(out, "Certificates by the week in which they expire", titles, ~1U);
    for (size_t slot = 0; slot < SLOTS; slot++) {
        char when[32];
        slot_words(report, slot, when);
        fputs("<tr>", out);
        cg_html_cell(out, titles[0], when);
        cg_html_number(out, titles[1], ending_in(&report->issued, slot));
        cg_html_number(out, titles[2], ending_in(&report->seen, slot));
        fputs("</tr>\n", out);
    }
    fputs("<tr>", out);
    cg_html_cell(out, titles[0], "later");
    cg_html_number(out, titles[1], report->issued.later);
    cg_html_number(out, titles[2], report->seen.later);
    fputs("</tr>\n", out);
    cg_html_table_end(out);
    fputs("</details>\n", out);
}

void cg_chart_forecast(FILE *out, const struct cg_report *report)
{
    double largest = 0;
    char description[160];
    for (size_t slot = 0; slot < SLOTS; slot++) {
        const double a = ending_in(&report->issued, slot), b = ending_in(&report->seen, slot);
        largest = a > largest ? a : largest;
        largest = b > largest ? b : largest;
    }
    if (largest <= 0) {
        fprintf(out, "<p class=\"none\">No certificate expires within %d weeks.</p>\n", CG_REPORT_WEEKS);
        return;
    }
    snprintf(description, sizeof description,
             "Bars for %d weeks: certificates issued by the CA, and certificates of clients that connected.",
             CG_REPORT_WEEKS);
    fputs("<figure>", out);
    open_svg(out, "forecast", "Certificates by the week in which they expire", description);
    grid(out, nice_top(largest));
    draw_forecast(out, report, nice_top(largest));
    fputs("</svg>\n<ul class=\"legend\"><li><span class=\"key c0\"></span>issued by the CA</li>"
          "<li><span class=\"key c1\"></span>connected</li></ul></figure>\n",
          out);
    forecast_table(out, report);
}
