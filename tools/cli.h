/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The frame of the command: verbs and options are rows of const tables; parsing, --help, the man page and the
 * completions are made from the same rows. main owns the struct cg_cli; verbs borrow it.
 * A verb is one file verb_NAME.c with one `const struct cg_verb cg_verb_NAME`, listed in verbs.c. */
#ifndef CG_CLI_H
#define CG_CLI_H

#include "core/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cg_exit {
    CG_EXIT_OK = 0,
    CG_EXIT_FAILED = 1,
    CG_EXIT_FINDINGS = 3, /* a rejected certificate, lint or doctor findings */
    CG_EXIT_USAGE = 64,
    CG_EXIT_LOCKED = 75,       /* another run holds the lock: try again later. Nothing else ends so */
    CG_EXIT_INTERRUPTED = 130, /* Ctrl-C at a question: 128 and the signal, as a shell counts */
};

enum cg_option_type {
    CG_OPT_FLAG,     /* bool */
    CG_OPT_COUNT,    /* int, +1 each time */
    CG_OPT_STRING,   /* const char *, NULL when not given; of several the last */
    CG_OPT_FILE,     /* const char *, completed as a file */
    CG_OPT_FOLDER,   /* const char *, completed as a folder */
    CG_OPT_CHOICE,   /* const char *, one of the words of argument: "a|b|c" */
    CG_OPT_LIST,     /* struct cg_list: may be given several times */
    CG_OPT_FILES,    /* struct cg_list, completed as files */
    CG_OPT_NUMBER,   /* struct cg_number */
    CG_OPT_DURATION, /* struct cg_number, in seconds: "10s", "15m", "12h", "90d", "2w", "1y"; a bare number is days */
    CG_OPT_LIFETIME, /* the same, more than nothing and at most 100 years */
    CG_OPT_TIME,     /* struct cg_number, seconds since 1970: "2049-12-31T23:59:59Z", "+30d", "-1h", "SECONDS" */
};

struct cg_list {
    const char **item; /* borrowed strings */
    size_t count;
};

struct cg_number {
    bool given;
    int64_t value;
};

struct cg_option {
    const char *name;     /* without the dashes */
    const char *argument; /* as shown in help: "FILE", "a|b|c"; NULL for flags */
    const char *help;     /* one line, no full stop */
    enum cg_option_type type;
    char letter;   /* 0: none */
    size_t offset; /* where the value goes: offsetof(struct VERB_options, field) */
};

struct cg_verb;

struct cg_cli {
    const char *dir;             /* -C: the CA's folder; never NULL */
    char *dir_word;              /* the same as a shell takes it, for command lines that are shown; owned */
    bool dry_run, json;          /* -n, --json */
    bool quiet;                  /* -q */
    int verbose;                 /* -v, counted */
    struct cg_number at;         /* --at */
    struct cg_number wait;       /* --wait: seconds to wait for the lock */
    const char *passphrase_file; /* of the CA key: cg_key_options, for verbs with needs_key */
    struct cg_number passphrase_fd;
    bool help, version;
    int64_t now;   /* --at, or the clock at start; the one clock of the tool */
    int64_t clock; /* at start, whatever --at says: to tell how far --at looks ahead */
    const struct cg_verb *verb;
    const char *const *args; /* what is no option, after the verb; NULL-terminated */
    int nargs;
};

enum cg_verb_group { CG_GROUP_CA = 0, CG_GROUP_LOOK, CG_GROUP_COUNT };

struct cg_verb {
    const char *name;
    enum cg_verb_group group;
    const char *arguments;   /* "broker|bridge|client NAME"; "" for none */
    const char *summary;     /* one line, no full stop */
    const char *description; /* paragraphs for --help and the manual; a blank line parts them */
    const char *examples;    /* command lines, one each */
    const char *exits;       /* exit codes other than the usual ones, for the manual; NULL: the usual ones */
    int min_args, max_args;  /* max_args -1: any number */
    bool needs_key;          /* signs with the CA's key: takes cg_key_options too */
    int usage_exit;          /* exit code of wrong usage; 0 is CG_EXIT_USAGE */
    const struct cg_option *options;
    size_t noptions;
    size_t options_size;                                       /* sizeof(struct VERB_options) */
    int (*run)(const struct cg_cli *cli, const void *options); /* returns the exit code */
};

#define CG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

extern const struct cg_verb *const cg_verbs[]; /* NULL-terminated */
extern const struct cg_option cg_global_options[];
extern const size_t cg_global_options_count;
extern const struct cg_option cg_key_options[]; /* of verbs with needs_key; into struct cg_cli too */
extern const size_t cg_key_options_count;

const struct cg_verb *cg_verb_find(const char *name); /* NULL: no such verb */

/* Fills *cli and *options (malloc'ed, of cli->verb; free with cg_cli_free). False: the text says what is wrong and
 * what was meant; cli->verb is set where the verb was known. */
bool cg_cli_parse(struct cg_cli *cli, void **options, int argc, char **argv, struct cg_error *err);
void cg_cli_free(struct cg_cli *cli, void *options);

/* Help to standard output. */
void cg_help_all(void);
void cg_help_verb(const struct cg_verb *verb);

/* Values, also used for files of lines. */
bool cg_duration_parse(const char *text, int64_t *seconds);
#define CG_DURATION_WORDS "90d, 12h or 30m, at most 8000y"
bool cg_lifetime_parse(const char *text, int64_t *seconds);
bool cg_time_parse(const char *text, int64_t *seconds);

/* In quotes where a shell would cut it or see more in it; malloc'ed. */
char *cg_shell_word(const char *text);

/* Words for people, to standard error. say: not with -q. detail: with -v only. warn: always, marked. */
void cg_say(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_detail(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_warn(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The result for machines: alone on standard output, one line; takes the object. Does nothing without --json. */
void cg_result(const struct cg_cli *cli, cJSON *object);

/* Prints the error (with --json also {"error":...} on standard output) and returns the exit code given. */
int cg_fail(const struct cg_cli *cli, int exit_code, const struct cg_error *err);

/* Wrong use found by the verb itself: the sentence, where to read more, and the verb's usage exit code. */
int cg_usage(const struct cg_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
