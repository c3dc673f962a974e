/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_journal.h"
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_from(int fd, off_t start, struct cg_journal *journal)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return false;
    start = st.st_size > start && start > 0 ? st.st_size - start : 0;
    size_t size = (size_t)(st.st_size - start);
    if (!(journal->text = malloc(size + 1)))
        return false;
    ssize_t n = 0;
    while (journal->len < size &&
           (n = pread(fd, journal->text + journal->len, size - journal->len, start + (off_t)journal->len)) != 0) {
        if (n < 0 && errno != EINTR)
            return false;
        journal->len += n > 0 ? (size_t)n : 0;
    }
    journal->text[journal->len] = '\0';
    if (start) { /* the first line may be the end of one */
        const char *feed = memchr(journal->text, '\n', journal->len);
        journal->at = feed ? (size_t)(feed - journal->text) + 1 : journal->len;
    }
    return true;
}

bool cg_journal_load(struct cg_journal *journal, const struct cg_ca *ca, size_t tail, struct cg_error *err)
{
    char path[PATH_MAX];
    *journal = (struct cg_journal){0};
    int fd = open(cg_ca_path(ca, path, "journal.jsonl"), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || cg_fault_errno(err, "read", path);
    bool good = read_from(fd, (off_t)tail, journal) || cg_fault_errno(err, "read", path);
    close(fd);
    return good;
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
    int64_t seconds = 0;
    return text && cg_time_parse(text, &seconds) ? seconds : 0;
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
        .subject = text_of(object, "subject"),
        .file = text_of(object, "files"),
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

bool cg_journal_next(struct cg_journal *journal, const char *word, struct cg_journal_row *row)
{
    bool found = false;
    while (!found && journal->at < journal->len) {
        char *line = journal->text + journal->at;
        char *feed = memchr(line, '\n', journal->len - journal->at);
        size_t len = feed ? (size_t)(feed - line) : journal->len - journal->at;
        journal->at += len + (feed != NULL);
        found = memmem(line, len, word, strlen(word)) && parse(line, len, row);
    }
    return found;
}

void cg_journal_row_clear(struct cg_journal_row *row)
{
    cJSON_Delete(row->object);
    *row = (struct cg_journal_row){0};
}
