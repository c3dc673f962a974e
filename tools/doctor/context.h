/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What doctor's rules look at, and what they report into: the configuration with all that it names, read once, and the
 * findings. The verb owns the struct cg_doctor; rules borrow it. Included by all of doctor. */
#ifndef CG_DOCTOR_CONTEXT_H
#define CG_DOCTOR_CONTEXT_H

#include "base/array.h"
#include "base/finding.h"
#include "broker/mosquitto_conf.h"
#include "broker/tls_probe.h"
#include "cli/values.h"
#include "core/snapshot.h"
#include "lint/lint.h"

#include <sys/types.h>

/* What --fix does with a line of the configuration. */
enum cg_line_fix { CG_LINE_KEEP = 0, CG_LINE_OUT, CG_LINE_TRUE };

struct cg_doctor_finding {
    const struct cg_rule_row *row;   /* of doctor or lint */
    const struct cg_conf_line *line; /* of the configuration that it is about; NULL: it is about no line */
    enum cg_line_fix safe;           /* the same clients come in before and after */
    char what[1100];                 /* the place and what was found */
};

/* What the command line says. */
struct cg_doctor_request {
    const char *config, *user, *connect, *units; /* NULL: not given */
    struct cg_list scripts;                      /* folders */
};

struct cg_doctor {
    int64_t now;   /* as of when files are judged */
    int64_t clock; /* the machine's, for what happens now */
    const struct cg_doctor_request *request;
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
    struct cg_tls_probe live;
    char live_error[1024];
    struct cg_lint *lint;
    struct cg_doctor_finding *finding;
    size_t count;
    bool memory_short;
};

/* For rules: reports a place, or a line of the configuration. */
void cg_doctor_report(struct cg_doctor *d, const struct cg_rule_row *row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void cg_doctor_report_line(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_conf_line *line);

/* Reports every line with one of the keys (NULL-terminated) for whose value test holds. */
void cg_doctor_each_line(struct cg_doctor *d, const struct cg_rule_row *row, const char *const *keys,
                         bool (*test)(const struct cg_conf_line *));

/* Does the policy make certguard ask for a client certificate on this port? */
bool cg_doctor_plugin_requires(const struct cg_doctor *d, uint16_t port);

/* The file that events go to, or NULL. */
const char *cg_doctor_event_log(const struct cg_doctor *d);

#endif
