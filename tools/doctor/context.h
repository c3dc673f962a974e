/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The input of doctor's rules, read once (the configuration and everything that it names), and their findings. The verb
 * owns the struct cg_doctor; rules borrow it. Included by all of doctor. */
#ifndef CG_DOCTOR_CONTEXT_H
#define CG_DOCTOR_CONTEXT_H

#include "base/array.h"
#include "base/finding.h"
#include "broker/mosquitto_conf.h"
#include "broker/tls_probe.h"
#include "cli/values.h"
#include "core/snapshot.h"
#include "lint/lint.h"

#include <limits.h>
#include <sys/types.h>

/* What --fix does with a line of the configuration. */
enum cg_line_fix { CG_LINE_KEEP = 0, CG_LINE_COMMENT_OUT, CG_LINE_SET_TRUE };

struct cg_doctor_finding {
    const struct cg_rule_row *row;      /* of doctor or lint */
    const struct cg_conf_line *line;    /* the line of the configuration; NULL: the finding is not about a line */
    const struct cg_lint_finding *lint; /* NULL: the finding is not lint's */
    enum cg_line_fix safe;              /* a fix after which the same clients can connect */
    char detail[1100];                  /* the place, and what was found there */
};

/* From the command line. */
struct cg_doctor_request {
    const char *config, *user, *connect, *units; /* NULL: not given */
    struct cg_list scripts;                      /* folders */
};

struct cg_doctor {
    int64_t now;   /* for validity periods; --at changes it */
    int64_t clock; /* of the machine */
    const struct cg_doctor_request *request;
    struct cg_conf conf;
    unsigned plugin;              /* number of certguard's plugin line in conf; 0: none */
    struct cg_snapshot *snapshot; /* NULL: no policy and no trust anchors, or they do not load */
    char load_error[1024];        /* of the snapshot; "" */
    char version[32];             /* of the installed broker; "": none was found */
    char user[64];                /* the broker's user, with uid and gid; -1: it does not exist on this machine */
    uid_t uid;
    gid_t gid;
    gid_t groups[32]; /* that its unit adds */
    size_t ngroups;
    bool follows_links;          /* the broker's unit, or doctor's environment, lets it open lists through links */
    bool user_is_known;          /* from --user, or from the unit that starts the broker; else only from conf */
    char other_config[PATH_MAX]; /* the configuration in the broker's unit, if it is a different one; "" */
    bool probed;                 /* request->connect was tried; live_error is "" if that succeeded */
    struct cg_tls_probe live;
    char live_error[1024];
    struct cg_lint *lint;
    struct cg_doctor_finding *finding;
    size_t count;
    bool memory_short;
};

/* With this variable in its environment, Mosquitto 2.1 opens its lists of users and topics through links. */
#define CG_DOCTOR_FOLLOW_LINKS "MOSQUITTO_UNSAFE_ALLOW_SYMLINKS"

/* Reads the broker's systemd unit. Sets user, uid, gid, groups, user_is_known, other_config and follows_links. In user.c. */
void cg_doctor_read_unit(struct cg_doctor *d);

/* For rules: reports a place, a line of the configuration, or a listener. */
void cg_doctor_report(struct cg_doctor *d, const struct cg_rule_row *row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void cg_doctor_report_line(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_conf_line *line);
void cg_doctor_report_line_and(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_conf_line *line,
                               const char *more); /* text after the line */
void cg_doctor_report_listener(struct cg_doctor *d, const struct cg_rule_row *row, unsigned listener, const char *what);

/* Is the key in the NULL-terminated list? */
bool cg_doctor_is_one_of(const char *key, const char *const *keys);

bool cg_doctor_has_plugin(const struct cg_doctor *d);
bool cg_doctor_is_2_0_11(const struct cg_doctor *d); /* the installed broker */
bool cg_doctor_is_2_1(const struct cg_doctor *d);    /* or a later 2 */
bool cg_doctor_has_trust(const struct cg_conf *conf, unsigned listener);

/* What the broker asks plugins about: CONNECT, and access to topics. */
enum cg_doctor_question { CG_DOCTOR_LOGIN, CG_DOCTOR_TOPICS };

/* Does the broker ask this plugin? Any plugin that does not come with Mosquitto may be asked. */
bool cg_doctor_asks(const struct cg_doctor *d, unsigned plugin, enum cg_doctor_question question);

/* The first certguard plugin that applies to the listener; 0: none. */
unsigned cg_doctor_guard(const struct cg_doctor *d, unsigned listener);

/* The policy for a listener; NULL: no snapshot. */
const struct cg_listener_policy *cg_doctor_policy(const struct cg_doctor *d, unsigned listener);

/* Does the policy make certguard require a client certificate on this port? */
bool cg_doctor_plugin_requires(const struct cg_doctor *d, uint16_t port);

/* The event log file; NULL: none. */
const char *cg_doctor_event_log(const struct cg_doctor *d);

#endif
