/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "print.h"

#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>

static size_t line_ends(const char *text)
{
    size_t n = 0;
    while ((text = strchr(text, '\n'))) {
        n++;
        text++;
    }
    return n;
}

/* lines: escapes line by line, which keeps the line ends. */
static void put(FILE *to, const char *text, bool lines)
{
    size_t size = 4 * strlen(text) + 1;
    char *out = malloc(size);
    for (;;) {
        size_t len = lines ? strcspn(text, "\n") : strlen(text);
        if (out)
            cg_text_escape(text, len, out, size);
        fputs(out ? out : "(out of memory)", to);
        if (!text[len])
            break;
        fputc('\n', to);
        text += len + 1;
    }
    free(out);
}

void cg_vprint(FILE *to, const char *format, va_list args)
{
    char *text = NULL;
    cg_progress_clear();
    if (vasprintf(&text, format, args) < 0) {
        fputs("(out of memory)\n", to);
        return;
    }
    size_t end = strlen(format), len = strlen(text);
    bool ours = line_ends(text) == line_ends(format), ended = !ours && end && len && format[end - 1] == '\n';
    if (ended)
        text[len - 1] = '\0';
    put(to, text, ours);
    if (ended)
        fputc('\n', to);
    free(text);
}

void cg_print(FILE *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cg_vprint(to, format, args);
    va_end(args);
}

void cg_print_in(FILE *to, enum cg_colour colour, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs(cg_colour(fileno(to), colour), to);
    cg_vprint(to, format, args);
    fputs(cg_colour(fileno(to), CG_PLAIN), to);
    va_end(args);
}

const char *cg_shown(const char *text, char out[CG_SHOWN_MAX])
{
    cg_text_escape(text, strlen(text), out, CG_SHOWN_MAX);
    return out;
}

int cg_shown_width(const char *text)
{
    char shown[CG_SHOWN_MAX];
    int characters = 0;
    for (const char *c = cg_shown(text, shown); *c; c++)
        characters += ((unsigned char)*c & 0xc0) != 0x80; /* all but continuation bytes */
    return characters;
}

void cg_column(const char *text, int width)
{
    char shown[CG_SHOWN_MAX];
    const int characters = cg_shown_width(text);
    printf("%s%*s", cg_shown(text, shown), (characters < width ? width - characters : 0) + 1, "");
}

char *cg_json_text(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    char *out = malloc(6 * len + 1); /* one byte becomes at most \uNNNN */
    for (char *at = out; at && (*at = '\0', len > 0);) {
        uint32_t point = 0;
        size_t n = cg_utf8_next(p, len, &point);
        if (n == 0)
            at += snprintf(at, 6, "\\\\x%02x", *p);
        else if (cg_char_is_unsafe(point))
            at += snprintf(at, 7, "\\u%04x", (unsigned)point); /* unsafe ones are below U+10000 */
        else
            at = (char *)memcpy(at, p, n) + n;
        p += n ? n : 1;
        len -= n ? n : 1;
    }
    return out;
}

char *cg_json_line(const cJSON *object)
{
    char *printed = cJSON_PrintUnformatted(object);
    char *text = printed ? cg_json_text(printed, strlen(printed)) : NULL;
    cJSON_free(printed);
    return text;
}

void cg_json_element(cJSON *object, bool is_first)
{
    char *line = cg_json_line(object);
    printf("%s\n%s", is_first ? "" : ",", line ? line : "{}");
    free(line);
    cJSON_Delete(object);
}
