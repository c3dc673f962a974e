/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The shape of doctor's rules, and the tables of rules. Included by the files that define rules, and by doctor.c, which
 * runs them. */
#ifndef CG_DOCTOR_RULES_H
#define CG_DOCTOR_RULES_H

#include "context.h"

/* Begins the fix of a rule that reports "; fix: COMMAND" for places where a command is enough. The text after it is for
 * the other places. */
#define CG_DOCTOR_FIX_FOUND "Run the command after \"fix:\". If there is none, "

#define CG_KEYS(...)                                                                                                   \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

#define CG_DOCTOR_CIPHERS CG_KEYS("ciphers", "ciphers_tls1.3", "bridge_ciphers", "bridge_ciphers_tls1.3")

/* The TLS files of a listener or a bridge. NULL: no line, or an unreadable file, which another rule reports. */
struct cg_doctor_tls_files {
    const struct cg_conf_line *chain, *key, *trust;
};

/* Exactly one of these finds the places where the rule applies: check, keys or line (or both), listener, bridge, files,
 * event. */
struct cg_doctor_rule {
    struct cg_rule_row row;
    bool (*when)(const struct cg_doctor *d); /* NULL: always. False: the rule does not run. */
    void (*check)(struct cg_doctor *d, const struct cg_rule_row *row);
    const char *const *keys;                       /* of the lines that are tested; NULL: all lines */
    bool (*line)(const struct cg_conf_line *line); /* NULL: any value */
    const char *(*listener)(const struct cg_doctor *d, unsigned listener); /* what to report; NULL: nothing */
    bool (*bridge)(const struct cg_doctor *d, unsigned bridge);
    void (*files)(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_doctor_tls_files *files);
    const char *event; /* reported with its number at the end of the event log */
    /* What --fix does with a line that was found. is_safe returns true if the same clients can connect afterwards. A line
     * by which the broker takes names from certificates is never safe, because doctor does not see the certificates. */
    enum cg_line_fix fix;
    bool (*is_safe)(const struct cg_doctor *d, const struct cg_conf_line *line);
};

struct cg_doctor_rules {
    const struct cg_doctor_rule *rule;
    size_t count;
};

void cg_doctor_each_tls_files(struct cg_doctor *d, const struct cg_doctor_rule *rule);              /* tls.c */
void cg_doctor_report_event(struct cg_doctor *d, const struct cg_rule_row *row, const char *event); /* events.c */

/* Reports a fault of a path with the command that corrects it, to which the path is added. If no command can, because target is
 * on a read-only file system or has special characters, reports a text instead. In access.c. */
#define CG_DOCTOR_NOT_WRITTEN                                                                                          \
    "its file system is mounted read-only. Name a place that can be written to (a unit may need ReadWritePaths=)"
void cg_doctor_report_path(struct cg_doctor *d, const struct cg_rule_row *row, const char *what, const char *command,
                           const char *read_only, const char *target);

/* A command, the name of the broker's user, quoted, and the rest of the command. In access.c. */
void cg_doctor_user_command(const struct cg_doctor *d, const char *command, const char *rest, char out[400]);

/* Renewal over MQTT. In renewal.c. */
bool cg_doctor_renews(const struct cg_doctor *d);                             /* the policy has a spool */
bool cg_doctor_listener_renews(const struct cg_doctor *d, unsigned listener); /* and so do clients of this listener */

extern const struct cg_doctor_rules cg_doctor_conf_rules;       /* the plugin's lines, and the broker as a whole */
extern const struct cg_doctor_rules cg_doctor_deprecated_rules; /* lines that 3.0 will drop */
extern const struct cg_doctor_rules cg_doctor_listener_rules;   /* listeners */
extern const struct cg_doctor_rules cg_doctor_bridge_rules;     /* bridges */
extern const struct cg_doctor_rules cg_doctor_line_rules;       /* lines with which no broker starts */
extern const struct cg_doctor_rules cg_doctor_access_rules;     /* rights on files and folders */
extern const struct cg_doctor_rules cg_doctor_tls_rules;  /* certificates, keys and CA files as the broker loads them */
extern const struct cg_doctor_rules cg_doctor_file_rules; /* policy, trust, CRLs, credentials */
extern const struct cg_doctor_rules cg_doctor_renewal_rules;       /* renewal over MQTT: lines, bridges, the policy */
extern const struct cg_doctor_rules cg_doctor_renewal_topic_rules; /* access to its topic */
extern const struct cg_doctor_rules cg_doctor_spool_rules;         /* its folder */
extern const struct cg_doctor_rules cg_doctor_live_rules;          /* the running broker */
extern const struct cg_doctor_rules cg_doctor_event_rules;         /* the end of the event log */
extern const struct cg_doctor_rules cg_doctor_unit_rules;          /* units, timers and scripts */

#endif
