/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One event: its data, its type, and its text for the broker's log. Its JSON line is in event_json.h. Pure functions that
 * keep nothing. Called by the reporter and by all code that reports events. */
#ifndef CG_EVENT_H
#define CG_EVENT_H

#include "core/base/reason.h"
#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_EVENT_TEXT_MAX 900 /* bytes; the broker cuts its log lines at about 1,000 */

enum cg_event_type {
    CG_EVENT_NONE = 0,
    CG_EVENT_HANDSHAKE_REJECTED,
    CG_EVENT_HANDSHAKE_ACCEPTED,
    CG_EVENT_HANDSHAKE_PROBED,  /* the tool checked what a listener serves: no client was refused */
    CG_EVENT_HANDSHAKE_AUDITED, /* accepted; refused if the rule were enforced */
    CG_EVENT_CONNECT_DENIED,
    CG_EVENT_CONNECT_AUDITED,
    CG_EVENT_SESSION_ENDED,
    CG_EVENT_SESSION_AUDITED,   /* the policy no longer accepts the session, but only reports it */
    CG_EVENT_SESSIONS_CHECKED,  /* after a change: the sessions that are no longer accepted */
    CG_EVENT_CONTROL_DENIED,    /* a request on the control topic */
    CG_EVENT_RENEWAL_REQUESTED, /* its request waits for the CA */
    CG_EVENT_RENEWAL_REFUSED,
    CG_EVENT_RENEWAL_DELIVERED,
    CG_EVENT_RENEWAL_CONFIRMED, /* the new certificate was used */
    CG_EVENT_SNAPSHOT_LOADED,
    CG_EVENT_SNAPSHOT_REJECTED,
    CG_EVENT_CREDENTIAL_LOADED,
    CG_EVENT_BROKER_CERTIFICATE_REJECTED, /* listeners refuse handshakes, or the broker does not start */
    CG_EVENT_BROKER_CERTIFICATE_ACCEPTED, /* after a rejection */
    CG_EVENT_BROKER_CERTIFICATE_AUDITED,  /* the certificate breaks a server rule in audit mode */
    CG_EVENT_CRL_STALE,
    CG_EVENT_EXPIRY_WARNING,
    CG_EVENT_CONFIGURATION_WARNING,
    CG_EVENT_SUPPRESSED,
    CG_EVENT_EVENTS_LOST,
    CG_EVENT_COUNT
};

/* Who can cause an event. This decides how it is limited (event_limits.h). */
enum cg_event_class {
    CG_CLASS_UNSET = 0, /* limited as CG_CLASS_REFUSED; no row of the table has it */
    CG_CLASS_REFUSED,   /* any peer, without limit */
    CG_CLASS_AUDITED,   /* an accepted device; written once per device */
    CG_CLASS_CLIENT,    /* a connected client; its source reports it once */
    CG_CLASS_ACCEPTED,  /* written only if the policy asks for it */
    CG_CLASS_ALWAYS,    /* the administrator, time, or the plugin itself */
};

/* Members that are zero or NULL are unknown and not written. All pointers are borrowed. */
struct cg_event {
    enum cg_event_type type;
    int64_t at_ms; /* wall clock */
    enum cg_reason reason;
    const char *detail;         /* escaped; NULL: the reason's own sentence */
    const struct cg_conn *conn; /* source of conn, listener, peer and tls */
    const X509 *certificate;
    int depth;                            /* of certificate in its path */
    const char *peer;                     /* if there is no conn */
    const union cg_address *peer_address; /* the same, for the limit per address */
    uint16_t listener;
    const char *client_id;
    const char *file;
    const char *renewal;   /* ID of a renewal request */
    const char *fix;       /* NULL: the reason's own */
    bool audited;          /* of a suppressed event: the counted clients were accepted */
    uint64_t count;        /* suppressed or lost events */
    int64_t window_ms;     /* duration in which count was counted */
    uint64_t snapshot;     /* number of the snapshot */
    const char *policy;    /* name of the policy in use */
    int64_t anchors, crls; /* in the snapshot */
};

enum cg_level { CG_LEVEL_INFO = 0, CG_LEVEL_NOTICE, CG_LEVEL_WARNING, CG_LEVEL_ERROR };

const char *cg_event_name(enum cg_event_type type);
enum cg_level cg_event_level(enum cg_event_type type);
enum cg_event_class cg_event_class(const struct cg_event *event);

/* Values derived for both forms of an event. Texts are never NULL. buffer holds the peer's text if it is taken from
 * event->conn. */
const char *cg_event_detail(const struct cg_event *event);
const char *cg_event_fix(const struct cg_event *event);
const char *cg_event_peer(const struct cg_event *event, char buffer[CG_PEER_TEXT_MAX]);
uint16_t cg_event_listener(const struct cg_event *event);

/* "refused 192.0.2.7:51234 on 8883: detail. Fix [reason]". */
void cg_event_text(const struct cg_event *event, char *out, size_t size);

/* The certificate that an event of conn concerns: the one at the verdict's depth, else the peer's certificate; or NULL. */
const X509 *cg_event_certificate(const struct cg_conn *conn, int *depth);

#endif
