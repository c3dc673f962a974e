/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Doctor: what stops clients of a broker, found by reading its configuration, policy and files together. Every rule is
 * a row of a const table; a rule reports each place where it holds. What lies inside certificates, CRLs and keys is
 * lint's business, and its findings are passed on.
 * The verb owns the struct cg_doctor and the findings; rules borrow it. */
#ifndef CG_DOCTOR_H
#define CG_DOCTOR_H

#include "core/snapshot.h"
#include "lint.h"
#include "mosquitto_conf.h"

#include <sys/types.h>

struct cg_doctor_row {
    const char *id; /* stable, lower case, "_" between words */
    enum cg_severity severity;
    const char *why;  /* a sentence: what happens because of it */
    const char *cure; /* a sentence or a command */
};

struct cg_doctor_finding {
    const char *id, *why, *cure; /* of a row of doctor or lint */
    enum cg_severity severity;
    char what[1100]; /* the place and what was found */
};

struct cg_doctor {
    int64_t now;
    const char *connect; /* HOST:PORT or NULL */
    struct cg_conf conf;
    unsigned plugin;              /* number of our plugin line in conf; 0: there is none */
    struct cg_snapshot *snapshot; /* NULL: there is none, or it does not load */
    char load_error[1024];        /* why the snapshot does not load; "" */
    char version[32];             /* of the installed broker; "": no broker was found */
    const char *user;             /* the broker's user */
    struct cg_lint *lint;
    struct cg_doctor_finding *finding;
    size_t count;
    bool memory_short;
};

struct cg_doctor_rule {
    struct cg_doctor_row row;
    void (*look)(struct cg_doctor *d, const struct cg_doctor_row *row);
};

extern const struct cg_doctor_rule cg_doctor_conf_rules[]; /* doctor_conf.c: settings of mosquitto.conf */
extern const size_t cg_doctor_conf_rules_count;
extern const struct cg_doctor_rule cg_doctor_file_rules[]; /* doctor_files.c: files, policy, the running broker */
extern const size_t cg_doctor_file_rules_count;

/* For rules: reports a place. */
void cg_doctor_report(struct cg_doctor *d, const struct cg_doctor_row *row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads everything and runs all rules. False: *err says what could not be read at all. */
bool cg_doctor_run(struct cg_doctor *d, const char *config, const char *user, struct cg_error *err);
void cg_doctor_clear(struct cg_doctor *d);

#endif
