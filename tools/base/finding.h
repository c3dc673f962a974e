/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A rule of lint or doctor: its severity and its constant texts; and a finding. Included by both. */
#ifndef CG_FINDING_H
#define CG_FINDING_H

enum cg_severity { CG_LINT_NOTICE = 0, CG_LINT_WARNING, CG_LINT_ERROR };

struct cg_rule_row {
    const char *id; /* stable, lower case, "_" between words */
    enum cg_severity severity;
    const char *ref; /* "RFC 5280 4.1.2.2", or "" for practice */
    const char *why; /* a sentence: what is wrong, or its effect */
    const char *fix; /* a sentence or a command */
};

/* A place where a rule applies. Strings are borrowed; detail, file and object may be "" or NULL. */
struct cg_found {
    const struct cg_rule_row *row;
    const char *detail; /* what was found there */
    const char *file, *object;
    unsigned line; /* of file; 0: none */
};

#endif
