/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A writer of one JSON object into a buffer of fixed size: no allocation, so an event can be written when memory
 * is short. A member that does not fit is left out whole; what was written is always valid JSON and UTF-8.
 * The caller owns the buffer. Called by event_json.c. */
#ifndef CG_JSON_H
#define CG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_JSON_DEPTH_MAX 4

struct cg_json {
    char *out;
    size_t size, len;
    char closers[CG_JSON_DEPTH_MAX + 1]; /* what is open, innermost last */
    bool has_member[CG_JSON_DEPTH_MAX + 1];
    int depth;
    int cut_level; /* levels open that did not fit: nothing is written until they are closed */
    bool cut;      /* something was left out */
};

/* Starts the object; size must hold at least 16 bytes. */
void cg_json_begin(struct cg_json *json, char *out, size_t size);

/* key is NULL inside an array. Empty and NULL strings are left out: only what is known is written. At most max
 * bytes of text are taken. Text is escaped as names are (core/cert/name.h), then as JSON wants. */
void cg_json_string(struct cg_json *json, const char *key, const char *text, size_t max);
void cg_json_number(struct cg_json *json, const char *key, int64_t number);
void cg_json_bool(struct cg_json *json, const char *key, bool value);

/* Each open needs one close, also where it did not fit: then its members are left out with it. */
void cg_json_open_object(struct cg_json *json, const char *key);
void cg_json_open_array(struct cg_json *json, const char *key);
void cg_json_close(struct cg_json *json);

/* Ends the object and terminates the text with NUL; returns its length. */
size_t cg_json_end(struct cg_json *json);

#endif
