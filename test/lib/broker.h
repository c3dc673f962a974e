/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A real Mosquitto with the plugin, for tests. A broker owns its folder and its process and listens on a free port of
 * 127.0.0.1. Environment: CG_MOSQUITTO (the program, /usr/sbin/mosquitto by default), CG_MOSQUITTO_WRAPPER (a command that runs
 * it), CG_PLUGIN (the plugin), CG_TEST_TMP (parent of the folders). Errors of the test itself abort it. Called by tests and
 * benchmarks, from one thread. */
#ifndef CG_TEST_BROKER_H
#define CG_TEST_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_broker;

struct cg_broker_spec {
    const char *options;  /* plugin_opt_ lines; "FOLDER" is replaced by the path of the folder */
    const char *listener; /* more lines for the TLS listener, or NULL */
    const char *global;   /* lines before the listener, or NULL */
    bool plain;           /* adds a listener without TLS */
    bool stock;           /* no plugin; options is not used */
};

struct cg_broker *cg_broker_new(const char *label); /* makes the folder */
const char *cg_broker_folder(const struct cg_broker *broker);
void cg_broker_write(const struct cg_broker *broker, const char *file, const char *text); /* with mode 0600 */

/* Starts it on new ports. The folder must hold ca.pem, chain.pem and key.pem for the listener. False if the broker ended
 * (its log gives the reason) or did not listen within 30 s. */
bool cg_broker_start(struct cg_broker *broker, const struct cg_broker_spec *spec);
uint16_t cg_broker_port(const struct cg_broker *broker);
uint16_t cg_broker_plain_port(const struct cg_broker *broker);
int cg_broker_pid(const struct cg_broker *broker);

/* The content of its log or of another file in the folder, "" if the file is missing. The caller frees it. */
char *cg_broker_read(const struct cg_broker *broker, const char *file);
#define CG_BROKER_LOG    "broker.log"
#define CG_BROKER_EVENTS "events.jsonl"

/* Waits up to wait_ms for an event whose "event" is one of names (separated by spaces) and whose "peer" is peer (NULL: any
 * or none). Returns the line, which the caller frees, or NULL. */
char *cg_broker_event(const struct cg_broker *broker, const char *peer, const char *names, int wait_ms);

/* cg_broker_event ignores all events up to now. The system reuses ports, so an event of an earlier client can have the same
 * peer. */
void cg_broker_skip_events(struct cg_broker *broker);

/* Waits up to wait_ms. True if the broker has ended. */
bool cg_broker_ended(struct cg_broker *broker, int wait_ms);
int cg_broker_status(const struct cg_broker *broker); /* its exit status, as from waitpid */

/* Ends the broker if it runs. False if it did not end on SIGTERM within 30 s, ended with an error, or if the log has a
 * report of a sanitizer or of memcheck. */
bool cg_broker_stop(struct cg_broker *broker);
void cg_broker_free(struct cg_broker *broker, bool keep_folder);

#endif
