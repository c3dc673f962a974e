/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "report_html.h"

#include "core/name.h"

#include <stdbool.h>
#include <string.h>

#define SHORT_MAX 28

void cg_html_text(FILE *out, const char *text)
{
    char clean[CG_HTML_TEXT_MAX];
    cg_text_escape(text, strlen(text), clean, sizeof clean);
    for (const char *c = clean; *c; c++) {
        const char *entity = *c == '&'    ? "&amp;"
                             : *c == '<'  ? "&lt;"
                             : *c == '>'  ? "&gt;"
                             : *c == '"'  ? "&quot;"
                             : *c == '\'' ? "&#39;"
                                          : NULL;
        if (entity)
            fputs(entity, out);
        else
            fputc(*c, out);
    }
}

static void open_cell(FILE *out, const char *label, const char *class)
{
    fprintf(out, "<td%s data-label=\"", class);
    cg_html_text(out, label);
    fputs("\">", out);
}

void cg_html_cell(FILE *out, const char *label, const char *text)
{
    open_cell(out, label, "");
    cg_html_text(out, text);
    fputs("</td>", out);
}

void cg_html_prose(FILE *out, const char *label, const char *text)
{
    char part[512];
    bool code = false;
    open_cell(out, label, "");
    while (*text) {
        const size_t len = strcspn(text, "`"), most = len < sizeof part ? len : sizeof part - 1;
        snprintf(part, sizeof part, "%.*s", (int)most, text);
        fputs(code ? "<code>" : "", out);
        cg_html_text(out, part);
        fputs(code ? "</code>" : "", out);
        text += len + (text[len] == '`');
        code = !code;
    }
    fputs("</td>", out);
}

void cg_html_code(FILE *out, const char *label, const char *text)
{
    /* short ones stay on one line; long ones break, or they would push the page out of the screen */
    open_cell(out, label, strlen(text) <= SHORT_MAX ? " class=\"r\"" : "");
    if (*text) {
        fputs("<code>", out);
        cg_html_text(out, text);
        fputs("</code>", out);
    }
    fputs("</td>", out);
}

void cg_html_number(FILE *out, const char *label, double number)
{
    open_cell(out, label, " class=\"n\"");
    fprintf(out, "%.0f</td>", number);
}

void cg_html_time(FILE *out, const char *label, int64_t seconds)
{
    char text[32] = "";
    open_cell(out, label, "");
    cg_time_text(seconds, text, sizeof text);
    if (*text)
        fprintf(out, "<time datetime=\"%s\">%.10s %.5s</time>", text, text, text + 11);
    fputs("</td>", out);
}

void cg_html_table(FILE *out, const char *caption, const char *const *titles, unsigned numbers)
{
    fputs("<table><caption>", out);
    cg_html_text(out, caption);
    fputs("</caption><thead><tr>", out);
    for (unsigned i = 0; titles[i]; i++) {
        fputs(numbers >> i & 1 ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">", out);
        cg_html_text(out, titles[i]);
        fputs("</th>", out);
    }
    fputs("</tr></thead><tbody>\n", out);
}

void cg_html_table_end(FILE *out)
{
    fputs("</tbody></table>\n", out);
}
