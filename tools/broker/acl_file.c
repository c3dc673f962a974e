/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl_file.h"
#include "base/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cg_topic_matches(const char *filter, const char *topic)
{
    if (*topic == '$' && *filter != '$')
        return false;
    for (;; filter++, topic++) {
        const size_t wanted = strcspn(filter, "/"), level = strcspn(topic, "/");
        if (wanted == 1 && *filter == '#')
            return true;
        if (!(wanted == 1 && *filter == '+') && (wanted != level || memcmp(filter, topic, level) != 0))
            return false;
        filter += wanted;
        topic += level;
        if (!*topic)
            return !*filter || strcmp(filter, "/#") == 0;
        if (!*filter)
            return false;
    }
}

/* ---- lines ---- */

enum access { NOTHING = 0, READ, WRITE, DENY };

struct line {
    unsigned number;
    const char *user; /* of a line "topic": "" before the first line "user"; NULL: of a line "pattern", for all users */
    enum access access; /* NOTHING: another line */
    const char *filter;
};

struct list {
    struct line *line;
    size_t count;
};

/* Removes a word and the blanks after it. */
static bool take(char **text, const char *word)
{
    const size_t len = strlen(word);
    if (strncmp(*text, word, len) != 0 || (*text)[len] != ' ')
        return false;
    *text += len + strspn(*text + len, " ");
    return true;
}

static enum access take_access(char **text)
{
    static const struct {
        const char *word;
        enum access access;
    } rows[] = {{"read", READ}, {"write", WRITE}, {"readwrite", WRITE}, {"deny", DENY}};
    for (size_t i = 0; i < CG_COUNT(rows); i++)
        if (take(text, rows[i].word))
            return rows[i].access;
    return WRITE; /* without a word: read and write */
}

static char *trim(char *text)
{
    for (size_t len = strlen(text); len && strchr(" \t\r", text[len - 1]); len--)
        text[len - 1] = '\0';
    return text + strspn(text, " ");
}

static bool read_lines(struct list *list, char *text)
{
    const char *user = "";
    unsigned number = 0;
    for (char *at; (at = strsep(&text, "\n"));) {
        struct line *lines = cg_array_grow(list->line, list->count, sizeof *lines);
        if (!lines)
            return false;
        list->line = lines;
        at = trim(at);
        number++;
        if (take(&at, "user"))
            user = at;
        const bool is_pattern = take(&at, "pattern");
        if (is_pattern || take(&at, "topic"))
            lines[list->count++] = (struct line){number, is_pattern ? NULL : user, take_access(&at), at};
    }
    return true;
}

/* ---- the question ---- */

struct question {
    const struct list *list;
    const char *topic;
    bool named;
};

static bool applies(const struct question *q, const struct line *line)
{
    return !line->user || *line->user || !q->named;
}

/* The number of the first line that gives or denies it; 0: none. */
static unsigned find(const struct question *q, enum access access)
{
    for (size_t i = 0; i < q->list->count; i++) {
        const struct line *line = &q->list->line[i];
        if (line->access == access && applies(q, line) && cg_topic_matches(line->filter, q->topic))
            return line->number;
    }
    return 0;
}

bool cg_acl_may_write(char *text, const char *topic, bool named, struct cg_acl_answer *out)
{
    struct list list = {.line = NULL};
    const struct question q = {&list, topic, named};
    const bool ok = read_lines(&list, text);
    *out = (struct cg_acl_answer){.denied = ok ? find(&q, DENY) : 0, .allowed = ok && find(&q, WRITE)};
    free(list.line);
    return ok;
}
