/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The HTML report of an event log with any bytes: text from the log is never markup. The page has no tags that the report does
 * not write, and escaped text has no characters with a special meaning in HTML. */
#include "fuzz.h"
#include "report/html.h"
#include "report/page.h"

#include <stdlib.h>
#include <string.h>

static void check_text(const char *text)
{
    char *out = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&out, &len);
    if (!file)
        return;
    cg_html_text(file, text);
    fclose(file);
    for (size_t i = 0; i < len; i++)
        if (strchr("<>\"'", out[i]) || (unsigned char)out[i] < ' ')
            abort();
    free(out);
}

static void check_page(const char *page)
{
    static const char *const foreign[] = {"script", "img", "iframe", "object", "embed", "link", "a ", "form", "base"};
    for (const char *at = page; (at = strchr(at, '<')); at++)
        for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
            if (strncasecmp(at + 1, foreign[i], strlen(foreign[i])) == 0)
                abort();
}

static void add_lines(struct cg_report *report, const char *text)
{
    while (*text) {
        struct cg_log_event event;
        size_t len = strcspn(text, "\n"), object_len = len;
        const char *object = text;
        if (cg_log_object(&object, &object_len)) {
            if (cg_log_event_parse(&event, object, object_len))
                cg_report_event(report, &event);
            cg_log_event_free(&event);
        }
        text += len + (text[len] == '\n');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *page = NULL;
    struct cg_report *report = calloc(1, sizeof *report);
    size_t len = 0;
    FILE *out = open_memstream(&page, &len);
    if (text && report && out) {
        memcpy(text, data, size);
        text[size] = '\0';
        check_text(text);
        cg_report_begin(report, 1800000000);
        add_lines(report, text);
        cg_report_finish(report);
        const struct cg_report_page what = {.report = report};
        cg_report_page(out, &what);
    }
    if (out)
        fclose(out);
    if (page)
        check_page(page);
    if (report)
        cg_report_clear(report);
    free(report);
    free(text);
    free(page);
    return 0;
}
