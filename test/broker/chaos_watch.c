/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reads the event log as it grows, and moves it away now and then as logrotate does. The broker writes to a moved file
 * until it notices, so the file before is read on, too. */
#include "chaos.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source {
    FILE *file; /* NULL: not there yet */
    char *line; /* what there is of the last one */
    size_t len, size;
};

struct chaos_watch {
    struct chaos *c;
    struct source now, before;
    struct chaos_lines lines;
};

static void end_source(struct chaos_watch *watch, struct source *source)
{
    if (source->len) /* half a line that nobody ended */
        watch->lines.broken++;
    if (source->file)
        fclose(source->file);
    free(source->line);
    *source = (struct source){NULL, NULL, 0, 0};
}

#define NUMBER "CRL of CN=root: number "

/* Each policy has its own CRL number, which the event reports in hex. */
static void note_loaded(struct chaos_watch *watch, const cJSON *event)
{
    struct chaos_board *board = watch->c->board;
    const char *detail = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "detail"));
    const char *at = detail ? strstr(detail, NUMBER) : NULL;
    long index = at && strstr(at, " (previously ") ? strtol(at + strlen(NUMBER), NULL, 16) - CHAOS_FIRST_CRL : -1;
    if (index < 0 || (size_t)index >= atomic_load(&board->policies))
        return;
    watch->lines.loaded++;
    atomic_store(&board->policy[index].loaded_ms, now_ms());
}

static void take_line(struct chaos_watch *watch, const char *line)
{
    cJSON *event = cJSON_ParseWithOpts(line, NULL, true);
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"));
    watch->lines.lines++;
    if (!name) {
        if (watch->lines.broken++ == 0)
            snprintf(watch->lines.example, sizeof watch->lines.example, "%s", line);
    } else if (strcmp(name, "snapshot_loaded") == 0) {
        note_loaded(watch, event);
    } else if (strcmp(name, "events_lost") == 0) {
        watch->lines.lost++;
    } else if (strcmp(name, "session_ended") == 0) {
        watch->lines.ended++;
    }
    cJSON_Delete(event);
}

static void read_source(struct chaos_watch *watch, struct source *source)
{
    char piece[8192];
    while (source->file && fgets(piece, sizeof piece, source->file)) {
        size_t more = strlen(piece);
        if (source->len + more + 1 > source->size) {
            source->size = source->len + more + 1;
            source->line = realloc(source->line, source->size);
        }
        memcpy(source->line + source->len, piece, more + 1);
        source->len += more;
        if (source->line[source->len - 1] != '\n')
            continue;
        source->line[source->len - 1] = '\0';
        take_line(watch, source->line);
        source->len = 0;
    }
    if (source->file)
        clearerr(source->file); /* it may grow */
}

static void open_now(struct chaos_watch *watch)
{
    char path[700];
    in_folder(&watch->c->w, CG_BROKER_EVENTS, path);
    if (!watch->now.file)
        watch->now.file = fopen(path, "re");
}

struct chaos_watch *chaos_watch_new(struct chaos *c)
{
    struct chaos_watch *watch = calloc(1, sizeof *watch);
    if (watch)
        watch->c = c;
    return watch;
}

void chaos_watch_look(struct chaos_watch *watch)
{
    open_now(watch);
    read_source(watch, &watch->before);
    read_source(watch, &watch->now);
}

void chaos_watch_rotate(struct chaos_watch *watch)
{
    if (!watch->now.file)
        return; /* the last rotation was not noticed yet */
    read_source(watch, &watch->before);
    end_source(watch, &watch->before);
    watch->before = watch->now;
    watch->now = (struct source){NULL, NULL, 0, 0};
    move(&watch->c->w, CG_BROKER_EVENTS, "events.old");
    watch->lines.rotations++;
}

void chaos_watch_finish(struct chaos_watch *watch)
{
    chaos_watch_look(watch);
    end_source(watch, &watch->before);
    end_source(watch, &watch->now);
}

struct chaos_lines chaos_watch_lines(const struct chaos_watch *watch)
{
    return watch->lines;
}

void chaos_watch_free(struct chaos_watch *watch)
{
    if (!watch)
        return;
    end_source(watch, &watch->before);
    end_source(watch, &watch->now);
    free(watch);
}
