/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The shape of doctor's rules, and their tables, each defined in a file of its own. Included by the files of rules and by
 * doctor.c, which runs them. */
#ifndef CG_DOCTOR_RULES_H
#define CG_DOCTOR_RULES_H

#include "context.h"

/* Begins the fix of a rule that reports a command, "; fix: COMMAND", where one will do. What follows is for the other
 * places, so it says what to do by itself. */
#define CG_DOCTOR_FIX_FOUND "Run the command after \"fix:\"; where there is none, "

struct cg_doctor_rule {
    struct cg_rule_row row;
    void (*look)(struct cg_doctor *d, const struct cg_rule_row *row);
    /* Of a rule that --fix may follow: what it does with the line that was found, and where nothing but this decides that
     * the same clients come in before and after. A name that the broker takes from certificates is none of them: what is
     * in those certificates cannot be seen here. */
    enum cg_line_fix fix;
    bool (*is_safe)(const struct cg_doctor *d, const struct cg_conf_line *line);
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

#endif
