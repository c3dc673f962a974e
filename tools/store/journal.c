/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "journal.h"
#include "core/base/datetime.h"

#include <stdlib.h>
#include <string.h>

/* The end of a line that begins before the tail is skipped, since it is not valid JSON. */
bool cg_journal_load(struct cg_journal *journal, const struct cg_ca *ca, size_t tail, struct cg_error *err)
{
    *journal = (struct cg_journal){0};
    return cg_ca_read(ca, "journal.jsonl", tail, &journal->text, &journal->len, err);
}

void cg_journal_free(struct cg_journal *journal)
{
    free(journal->text);
    *journal = (struct cg_journal){0};
}

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static int64_t time_of(const cJSON *object, const char *key)
{
    const char *text = text_of(object, key);
    int64_t seconds = CG_TIME_NONE;
    return text && cg_time_read_text(text, &seconds) && seconds >= 0 ? seconds : CG_TIME_NONE;
}

static bool parse(const char *line, size_t len, struct cg_journal_row *row)
{
    cJSON *object = cJSON_ParseWithLength(line, len);
    const char *state = text_of(object, "state");
    *row = (struct cg_journal_row){
        .object = object,
        .done = text_of(object, "done"),
        .name = text_of(object, "name"),
        .serial = text_of(object, "serial"),
        .reason = text_of(object, "reason"),
        .file = text_of(object, "folder"),
        .time = time_of(object, "time"),
        .expires = time_of(object, "not_after"),
    };
    if (!row->done) {
        cg_journal_row_clear(row);
        return false;
    }
    row->revoked = strcmp(row->done, "revoked") == 0 || (state && strcmp(state, "revoked") == 0);
    return true;
}

static bool next_line(struct cg_journal *journal, const char **line, size_t *len)
{
    if (journal->at >= journal->len)
        return false;
    *line = journal->text + journal->at;
    const char *feed = memchr(*line, '\n', journal->len - journal->at);
    *len = feed ? (size_t)(feed - *line) : journal->len - journal->at;
    journal->at += *len + (feed != NULL);
    return true;
}

bool cg_journal_next(struct cg_journal *journal, const char *word, struct cg_journal_row *row)
{
    const char *line;
    size_t len;
    while (next_line(journal, &line, &len))
        if (memmem(line, len, word, strlen(word)) && parse(line, len, row))
            return true;
    return false;
}

/* A quoted value cannot look like this: its quotes are escaped. */
static bool contains(const char *line, size_t len, const char *member)
{
    return memmem(line, len, member, strlen(member));
}

static bool read_serial(const char *line, size_t len, struct cg_journal_serial *out)
{
    static const char key[] = "\"serial\":\"";
    const char *at = memmem(line, len, key, sizeof key - 1);
    size_t room = at ? len - (size_t)(at - line) - (sizeof key - 1) : 0, n = 0;
    at = at ? at + sizeof key - 1 : NULL;
    for (; n < room && n + 1 < sizeof out->serial && strchr("0123456789ABCDEFabcdef", at[n]); n++)
        out->serial[n] = at[n];
    out->serial[n] = '\0';
    return n && n < room && at[n] == '"';
}

bool cg_journal_next_serial(struct cg_journal *journal, struct cg_journal_serial *out)
{
    const char *line;
    size_t len;
    while (next_line(journal, &line, &len)) {
        out->revoked = contains(line, len, "\"done\":\"revoked\"") || contains(line, len, "\"state\":\"revoked\"");
        if ((out->revoked || contains(line, len, "\"done\":\"issued\"") ||
             contains(line, len, "\"done\":\"imported\"")) &&
            read_serial(line, len, out))
            return true;
    }
    return false;
}

void cg_journal_row_clear(struct cg_journal_row *row)
{
    cJSON_Delete(row->object);
    *row = (struct cg_journal_row){0};
}
