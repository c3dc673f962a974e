/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One event: what it is made of, what each type is, and one short line of it in plain words. The line of JSON is in
 * event_json.h. Pure: everything comes in, nothing is kept. Called by the reporter and by session and reload code. */
#ifndef CG_EVENT_H
#define CG_EVENT_H

#include "core/base/reason.h"
#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_EVENT_WORDS_MAX 900 /* the broker cuts its log lines at about 1,000 */

enum cg_event_type {
    CG_EVENT_NONE = 0,
    CG_EVENT_HANDSHAKE_REJECTED,
    CG_EVENT_HANDSHAKE_ACCEPTED,
    CG_EVENT_HANDSHAKE_PROBED,  /* the tool looked at what is served: no client was refused */
    CG_EVENT_HANDSHAKE_AUDITED, /* let in, enforcing would have refused */
    CG_EVENT_CONNECT_DENIED,
    CG_EVENT_CONNECT_AUDITED,
    CG_EVENT_SESSION_ENDED,
    CG_EVENT_SESSION_AUDITED,  /* goes on, though the policy does not accept it any more */
    CG_EVENT_SESSIONS_CHECKED, /* after a change: how many are not accepted any more, and who */
    CG_EVENT_CONTROL_DENIED,   /* a request on the control topic */
    CG_EVENT_SNAPSHOT_LOADED,
    CG_EVENT_SNAPSHOT_REJECTED,
    CG_EVENT_CREDENTIAL_LOADED,
    CG_EVENT_BROKER_CERTIFICATE_REJECTED, /* listeners refuse to serve it, or the broker to start with it */
    CG_EVENT_BROKER_CERTIFICATE_ACCEPTED, /* after that */
    CG_EVENT_BROKER_CERTIFICATE_AUDITED,  /* that, or the policy's, breaks a rule that is only audited */
    CG_EVENT_CRL_STALE,
    CG_EVENT_EXPIRY_WARNING,
    CG_EVENT_CONFIGURATION_WARNING,
    CG_EVENT_SUPPRESSED,
    CG_EVENT_EVENTS_LOST,
    CG_EVENT_COUNT
};

/* Who can cause an event, and so how far it is limited (event_limits.h). */
enum cg_event_class {
    CG_CLASS_UNSET = 0, /* as CG_CLASS_REFUSED: no row of the table has it */
    CG_CLASS_REFUSED,   /* any stranger, as often as they like */
    CG_CLASS_AUDITED,   /* who is let in and would not be: each device counts */
    CG_CLASS_CLIENT,    /* news of a connected client, told once by its maker */
    CG_CLASS_ACCEPTED,  /* where the policy asks for it */
    CG_CLASS_ALWAYS,    /* the administrator, time, or the plugin itself */
};

/* What is zero or NULL is not known, and not written. All pointers are borrowed. */
struct cg_event {
    enum cg_event_type type;
    int64_t at_ms; /* wall clock */
    enum cg_reason reason;
    const char *detail;         /* escaped; NULL: the reason's own sentence */
    const struct cg_conn *conn; /* gives conn, listener, peer, tls */
    const X509 *certificate;
    int depth;                            /* of certificate in its path */
    const char *peer;                     /* where there is no conn */
    const union cg_address *peer_address; /* the same as address, for the limit on floods */
    uint16_t listener;
    const char *client_id;
    const char *file;
    const char *fix;       /* NULL: the reason's own */
    bool audited;          /* of a suppressed event: what it counts was let in */
    uint64_t count;        /* suppressed, lost */
    int64_t window_ms;     /* over which count was counted */
    uint64_t snapshot;     /* its number */
    const char *policy;    /* name of the policy that holds from now on */
    int64_t anchors, crls; /* counted in the snapshot; -1 and 0 in events that have none */
};

enum cg_level { CG_LEVEL_INFO = 0, CG_LEVEL_NOTICE, CG_LEVEL_WARNING, CG_LEVEL_ERROR };

const char *cg_event_name(enum cg_event_type type);
enum cg_level cg_event_level(enum cg_event_type type);
enum cg_event_class cg_event_class(const struct cg_event *event);

/* What both forms of an event say, and is found out, not stored. The texts are never NULL; buffer holds the peer's where it
 * is of event->conn. */
const char *cg_event_detail(const struct cg_event *event);
const char *cg_event_fix(const struct cg_event *event);
const char *cg_event_peer(const struct cg_event *event, char buffer[CG_PEER_TEXT_MAX]);
uint16_t cg_event_listener(const struct cg_event *event);

/* "refused 192.0.2.7:51234 on 8883: ...: what to do [reason]". */
void cg_event_words(const struct cg_event *event, char *out, size_t size);

/* The certificate that an event on conn is about: the one at the verdict's depth, else the peer's leaf; or NULL. */
const X509 *cg_event_certificate(const struct cg_conn *conn, int *depth);

#endif
