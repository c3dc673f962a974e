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

/* The next line that contains word. Searches all of the text at once: most lines do not contain it. */
static bool next_line_with(struct cg_journal *journal, const char *word, const char **line, size_t *len)
{
    const char *rest = journal->text + journal->at;
    const char *found = journal->at < journal->len ? memmem(rest, journal->len - journal->at, word, strlen(word))
                                                   : NULL;
    const char *feed = found ? memrchr(rest, '\n', (size_t)(found - rest)) : NULL;
    journal->at = feed ? (size_t)(feed + 1 - journal->text) : found ? journal->at : journal->len;
    return next_line(journal, line, len);
}

bool cg_journal_next(struct cg_journal *journal, const char *word, struct cg_journal_row *row)
{
    const char *line;
    size_t len;
    while (next_line_with(journal, word, &line, &len))
        if (parse(line, len, row))
            return true;
    return false;
}

/* The value of a text member; NULL: none. A quoted value cannot look like a key: its quotes are escaped. */
static const char *value_of(const char *line, size_t len, const char *key)
{
    const char *at = memmem(line, len, key, strlen(key));
    return at ? at + strlen(key) : NULL;
}

/* The line ends with a line feed or the NUL after the text, so that the comparison ends there. */
static bool is_text(const char *value, const char *quoted)
{
    return value && strncmp(value, quoted, strlen(quoted)) == 0;
}

bool cg_journal_text(const char *line, size_t len, const char *member, char *out, size_t size)
{
    const size_t key = strlen(member);
    const char *at = memmem(line, len, member, key);
    size_t room = at ? len - (size_t)(at - line) - key : 0, n = 0;
    at = at ? at + key : NULL;
    for (; n < room && n + 1 < size && at[n] != '"'; n++)
        out[n] = at[n];
    const bool ok = n && n < room && at[n] == '"';
    out[ok ? n : 0] = '\0';
    return ok;
}

static bool read_serial(const char *line, size_t len, struct cg_journal_serial *out)
{
    return cg_journal_text(line, len, "\"serial\":\"", out->serial, sizeof out->serial) &&
           !out->serial[strspn(out->serial, "0123456789ABCDEFabcdef")];
}

static bool read_line(const char *line, size_t len, struct cg_journal_serial *out)
{
    const char *done = value_of(line, len, "\"done\":\"");
    const bool imported = is_text(done, "imported\"");
    out->line = line;
    out->len = len;
    out->issued = imported || is_text(done, "issued\"");
    out->revoked = is_text(done, "revoked\"") ||
                   (imported && is_text(value_of(line, len, "\"state\":\""), "revoked\""));
    out->compromised = out->revoked && memmem(line, len, "Compromise\"", strlen("Compromise\""));
    return (out->revoked || out->issued) && read_serial(line, len, out);
}

bool cg_journal_next_serial(struct cg_journal *journal, struct cg_journal_serial *out)
{
    const char *line;
    size_t len;
    while (next_line(journal, &line, &len))
        if (read_line(line, len, out))
            return true;
    return false;
}

bool cg_journal_next_unknown(struct cg_journal *journal, const char *word, const struct cg_known *known,
                             struct cg_journal_row *row)
{
    struct cg_journal_serial serial;
    const char *line;
    size_t len;
    while (next_line_with(journal, word, &line, &len))
        if (!(read_line(line, len, &serial) && serial.revoked &&
              cg_serials_has(cg_known_as(known, true, serial.compromised), serial.serial)) &&
            parse(line, len, row))
            return true;
    return false;
}

void cg_journal_row_clear(struct cg_journal_row *row)
{
    cJSON_Delete(row->object);
    *row = (struct cg_journal_row){0};
}
