/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "html.h"

#include "core/cert/name.h"

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

static void prose(FILE *out, const char *label, const char *text)
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
    /* only short code stays on one line, so that the page fits the screen */
    open_cell(out, label, strlen(text) <= SHORT_MAX ? " class=\"r\"" : "");
    if (*text) {
        fputs("<code>", out);
        cg_html_text(out, text);
        fputs("</code>", out);
    }
    fputs("</td>", out);
}

void cg_html_fix(FILE *out, const char *label, const char *text)
{
    (strncmp(text, "certguard ", 10) == 0 ? cg_html_code : prose)(out, label, text);
}

void cg_html_number(FILE *out, const char *label, double number)
{
    open_cell(out, label, " class=\"n\"");
    fprintf(out, "%.0f</td>", number);
}

void cg_html_moment(FILE *out, int64_t seconds)
{
    char text[32] = "";
    cg_time_text(seconds, text, sizeof text);
    if (*text)
        fprintf(out, "<time datetime=\"%s\">%.10s %.5s</time>", text, text, text + 11);
}

void cg_html_time(FILE *out, const char *label, int64_t seconds)
{
    open_cell(out, label, "");
    cg_html_moment(out, seconds);
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

/* Light and dark by the reader's preference; on a narrow screen, rows of tables become cards. */
/* clang-format off */
const char cg_html_style[] =
    ":root{--bg:#f6f7f9;--card:#fff;--fg:#1b2230;--dim:#5a6475;--line:#dfe3ea;--act:#b3261e;--watch:#8a5a00;"
    "--good:#1d6b3f;--c0:#2f6fde;--c1:#d9761a;--c2:#16907a;--c3:#b83a83;--c4:#7254c8;--c5:#8f7a00;--c6:#8a94a3}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#12161d;--card:#1b212b;--fg:#e7ebf2;--dim:#9da8b9;--line:#323b49;"
    "--act:#ff8b82;--watch:#f0b65a;--good:#7cd69f;--c0:#6ea4ff;--c1:#f2a057;--c2:#4fc7b0;--c3:#ee84bd;--c4:#ad96f5;"
    "--c5:#d8c24a;--c6:#7d899b}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "header,main,footer{max-width:76rem;margin:0 auto;padding:0 1rem}\n"
    "h1{font-size:1.6rem;line-height:1.2;margin:1.6rem 0 .2rem}h2{font-size:1.15rem;margin:0 0 .6rem}"
    "h3{font-size:1rem;margin:1.4rem 0 .3rem}\n"
    "header p,.note,footer{color:var(--dim)}.note,footer{font-size:.9rem}.note{margin:.3rem 0 .6rem}"
    ".none{color:var(--dim);margin:.3rem 0}\n"
    "section{background:var(--card);border:1px solid var(--line);border-radius:.7rem;padding:1.1rem;margin:1rem 0}\n"
    ".cards{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.7rem;margin:0;"
    "padding:0}\n"
    ".cards li{border:1px solid var(--line);border-top:.25rem solid var(--line);border-radius:.5rem;padding:.6rem .8rem;"
    "color:var(--dim);font-size:.9rem;line-height:1.3}"
    ".cards b{display:block;font-size:1.7rem;line-height:1.25;color:var(--fg);font-variant-numeric:tabular-nums}\n"
    ".cards .act{border-top-color:var(--act)}.cards .watch{border-top-color:var(--watch)}"
    ".cards .good{border-top-color:var(--good)}\n"
    "figure{margin:.4rem 0 .6rem}svg{display:block}svg text{font-size:12px;fill:var(--dim)}"
    "line{stroke:var(--line)}line.axis{stroke:var(--dim)}\n"
    ".c0{fill:var(--c0);background:var(--c0)}.c1{fill:var(--c1);background:var(--c1)}"
    ".c2{fill:var(--c2);background:var(--c2)}.c3{fill:var(--c3);background:var(--c3)}"
    ".c4{fill:var(--c4);background:var(--c4)}.c5{fill:var(--c5);background:var(--c5)}"
    ".c6{fill:var(--c6);background:var(--c6)}rect{stroke:var(--card);stroke-width:1}rect:hover{opacity:.75}\n"
    ".legend{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;margin:.6rem 0 0;padding:0;font-size:.9rem}"
    ".key{display:inline-block;width:.8em;height:.8em;border-radius:.2em;margin-right:.4em}\n"
    "table{border-collapse:collapse;width:100%;font-size:.92rem}"
    "details th{white-space:normal}caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}\n"
    "th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid var(--line)}"
    "th{color:var(--dim);font-weight:600;white-space:nowrap}tbody tr:last-child td{border-bottom:0}"
    "td:first-child{min-width:9.5rem}td.s{min-width:0}.s+td{min-width:11rem}.r{white-space:nowrap}.n{text-align:right;font-variant-numeric:tabular-nums}time{white-space:nowrap}\n"
    "code,pre{font:.88em/1.45 ui-monospace,monospace}code{background:var(--bg);border-radius:.3em;padding:.1em .35em}"
    "pre{background:var(--bg);border-radius:.5rem;padding:.8rem;white-space:pre-wrap}\n"
    "details{margin-top:.6rem}summary{cursor:pointer;color:var(--dim);font-size:.9rem}"
    ".state{display:inline-block;white-space:nowrap;border:1px solid;border-radius:1em;padding:0 .6em;font-size:.85em;font-weight:600}\n"
    ".state.act{color:var(--act)}.state.watch{color:var(--watch)}.state.good{color:var(--good)}"
    "tr.act .n{color:var(--act);font-weight:600}tr.watch .n{color:var(--watch);font-weight:600}\n"
    "footer{padding-bottom:2rem}\n"
    "@media(max-width:54rem){section{padding:.9rem;border-radius:.5rem}svg .wide{display:none}"
    "thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    "table,tbody,tr,td{display:block;width:100%}tr{border-bottom:1px solid var(--line);padding:.5rem 0}"
    "tbody tr:last-child{border-bottom:0}td{border:0;padding:.12rem 0}.n{text-align:left}td:empty{display:none}td:first-child,.s+td{min-width:0}"
    "td::before{content:attr(data-label) \": \";color:var(--dim)}td:first-child{font-weight:600}"
    "td:first-child::before{content:none}}\n"
    "@media print{body{background:#fff;font-size:11pt}section{break-inside:avoid-page;border:0;padding:0}}\n";
/* clang-format on */
