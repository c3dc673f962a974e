/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A real Mosquitto with the plugin, for tests: its own folder, a free port of 127.0.0.1, stopped by its pid.
 * $CG_MOSQUITTO names the program (/usr/sbin/mosquitto), $CG_MOSQUITTO_WRAPPER words to put before it, $CG_PLUGIN the
 * plugin, $CG_TEST_TMP where folders are made. The folder stays when something failed. Called by broker tests. */
#ifndef CG_TEST_BROKER_H
#define CG_TEST_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_broker;

struct cg_broker_spec {
    const char *options;  /* plugin_opt_ lines; "FOLDER" becomes the folder's path */
    const char *listener; /* more lines of the TLS listener, or NULL */
    const char *global;   /* more lines before it, or NULL */
    bool plain;           /* a second listener without TLS */
    bool stock;           /* without the plugin; options are not used */
};

struct cg_broker *cg_broker_new(const char *label); /* makes the folder; ends the program when it can't */
const char *cg_broker_folder(const struct cg_broker *broker);
void cg_broker_write(const struct cg_broker *broker, const char *file, const char *text); /* 0600 */

/* The folder holds ca.pem, chain.pem and key.pem for the listener. True when it listens; false when it ended
 * before (its log says why) or took too long. */
bool cg_broker_start(struct cg_broker *broker, const struct cg_broker_spec *spec);
uint16_t cg_broker_port(const struct cg_broker *broker);
uint16_t cg_broker_plain_port(const struct cg_broker *broker);
int cg_broker_pid(const struct cg_broker *broker);

/* Its log, or another file of the folder, whole and malloc'ed; "" when there is none. */
char *cg_broker_read(const struct cg_broker *broker, const char *file);
#define CG_BROKER_LOG    "broker.log"
#define CG_BROKER_EVENTS "events.jsonl"

/* Waits up to wait_ms for an event whose "event" is one of names (parted by blanks) and whose "peer" is peer
 * (NULL: any or none). The line, malloc'ed, or NULL. */
char *cg_broker_event(const struct cg_broker *broker, const char *peer, const char *names, int wait_ms);

/* cg_broker_event passes over what is there now: the system gives ports out again, and an event of an earlier client
 * may have the same peer. */
void cg_broker_skip_events(struct cg_broker *broker);

/* Waits: true when it ended by itself. */
bool cg_broker_ended(struct cg_broker *broker, int wait_ms);
int cg_broker_status(const struct cg_broker *broker); /* with which it ended, as waitpid gives it */

/* Ends it if it runs. False when it did not end by itself, with a bad status, or when a sanitizer or memcheck
 * complained in the log. */
bool cg_broker_stop(struct cg_broker *broker);
void cg_broker_free(struct cg_broker *broker, bool keep_folder);

#endif
