/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Doctor: what stops clients of a broker or leaves its door open, found by reading its configuration, policy, files,
 * units and events together, and by one handshake. Every rule is a row of a const table; a rule reports each place
 * where it holds. What lies inside certificates, CRLs and keys is lint's business, and its findings are passed on.
 * The verb owns the struct cg_doctor and the findings; rules borrow it. */
#ifndef CG_DOCTOR_H
#define CG_DOCTOR_H

#include "cli.h"
#include "core/snapshot.h"
#include "lint.h"
#include "mosquitto_conf.h"
#include "served.h"

#include <sys/types.h>

#define CG_UNITS_FOLDER "/etc/systemd/system"

/* Begins the cure of a rule that reports a command, "; cure: COMMAND", where one will do. What follows is for the other
 * places, so it says what to do by itself. */
#define CG_DOCTOR_CURE_FOUND "Run the command after \"cure:\"; where there is none, "

struct cg_doctor_row {
    const char *id; /* stable, lower case, "_" between words */
    enum cg_severity severity;
    const char *why;  /* a sentence: what happens because of it */
    const char *cure; /* a sentence or a command */
};

struct cg_doctor_finding {
    const char *id, *why, *cure; /* of a row of doctor or lint */
    enum cg_severity severity;
    const struct cg_conf_line *line; /* of the configuration that it is about; NULL: it is about no line */
    char what[1100];                 /* the place and what was found */
};

/* What the command line says. */
struct cg_doctor_order {
    const char *config, *user, *connect, *units; /* NULL: not given */
    struct cg_list scripts;                      /* folders */
};

struct cg_doctor {
    int64_t now;   /* as of when files are judged */
    int64_t clock; /* the machine's, for what happens now */
    const struct cg_doctor_order *order;
    struct cg_conf conf;
    unsigned plugin;              /* number of our plugin line in conf; 0: there is none */
    struct cg_snapshot *snapshot; /* NULL: there is none, or it does not load */
    char load_error[1024];        /* why the snapshot does not load; "" */
    char version[32];             /* of the installed broker; "": no broker was found */
    char user[64];                /* the broker's, with its number and its group; -1: there is no such user here */
    uid_t uid;
    gid_t gid;
    gid_t groups[32]; /* that its unit adds to those of the user */
    size_t ngroups;
    bool user_is_known; /* by --user or the unit that starts it; else the configuration's, which may be another */
    bool probed;        /* order->connect was tried; live_error says why nothing came of it, "" when it did */
    struct cg_served live;
    char live_error[1024];
    struct cg_lint *lint;
    struct cg_doctor_finding *finding;
    size_t count;
    bool memory_short;
};

struct cg_doctor_rule {
    struct cg_doctor_row row;
    void (*look)(struct cg_doctor *d, const struct cg_doctor_row *row);
};

struct cg_doctor_rules {
    const struct cg_doctor_rule *rule;
    size_t count;
};

extern const struct cg_doctor_rules cg_doctor_conf_rules;     /* the plugin's lines and what holds for the broker */
extern const struct cg_doctor_rules cg_doctor_listener_rules; /* listeners */
extern const struct cg_doctor_rules cg_doctor_bridge_rules;
extern const struct cg_doctor_rules cg_doctor_line_rules;   /* lines that no broker takes */
extern const struct cg_doctor_rules cg_doctor_access_rules; /* who may read and write what */
extern const struct cg_doctor_rules cg_doctor_tls_rules;  /* certificates, keys and CA files as the broker loads them */
extern const struct cg_doctor_rules cg_doctor_file_rules; /* policy, trust, CRLs, credentials */
extern const struct cg_doctor_rules cg_doctor_live_rules; /* what the running broker serves and lets in */
extern const struct cg_doctor_rules cg_doctor_event_rules; /* what the event log tells */
extern const struct cg_doctor_rules cg_doctor_unit_rules;  /* units, timers and scripts */

/* For rules: reports a place, or a line of the configuration. */
void cg_doctor_report(struct cg_doctor *d, const struct cg_doctor_row *row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void cg_doctor_report_line(struct cg_doctor *d, const struct cg_doctor_row *row, const struct cg_conf_line *line);

/* Reports every line with one of the keys (NULL-terminated) for whose value test holds. */
void cg_doctor_each_line(struct cg_doctor *d, const struct cg_doctor_row *row, const char *const *keys,
                         bool (*test)(const struct cg_conf_line *));

/* Does the policy make certguard ask for a client certificate on this port? */
bool cg_doctor_plugin_requires(const struct cg_doctor *d, uint16_t port);

/* Sets user, uid, gid, groups and user_is_known. */
void cg_doctor_find_user(struct cg_doctor *d);

/* The file that events go to, or NULL. */
const char *cg_doctor_event_log(const struct cg_doctor *d);

/* Reads everything and runs all rules. False: *err says what could not be read at all. */
bool cg_doctor_run(struct cg_doctor *d, const struct cg_doctor_order *order, struct cg_error *err);
void cg_doctor_clear(struct cg_doctor *d);

/* A row of all tables, for --rules; NULL past the end. */
const struct cg_doctor_row *cg_doctor_row(size_t index);

#endif
