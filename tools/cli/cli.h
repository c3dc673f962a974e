/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The command-line parser. Verbs and options are rows of const tables; the parser, --help, the man page and the
 * completions all read these rows. main owns the struct cg_cli; verbs borrow it. main passes in the table of verbs.
 * A verb is one file verbs/NAME.c with one `const struct cg_verb cg_verb_NAME`, listed in verbs/verbs.h. */
#ifndef CG_CLI_H
#define CG_CLI_H

#include "base/array.h"
#include "core/base/error.h"
#include "exit_code.h"
#include "values.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cg_option_type {
    CG_OPT_FLAG,     /* bool */
    CG_OPT_STRING,   /* const char *, NULL when not given; the last one counts */
    CG_OPT_FILE,     /* const char *, completed as a file */
    CG_OPT_FOLDER,   /* const char *, completed as a folder */
    CG_OPT_CHOICE,   /* const char *, one of the words of argument: "a|b|c"; typed in any case */
    CG_OPT_LIST,     /* struct cg_list: may be given several times; "a|b|c": each is one of these words */
    CG_OPT_FILES,    /* struct cg_list, completed as files */
    CG_OPT_REASONS,  /* struct cg_list of codes of certguard-reasons(5) */
    CG_OPT_NUMBER,   /* struct cg_number */
    CG_OPT_DURATION, /* struct cg_number, in seconds: "10s", "15m", "12h", "90d", "2w", "1y"; a bare number is days */
    CG_OPT_LIFETIME, /* int64_t, in seconds, more than 0 and at most 100 years; 0 when not given */
    CG_OPT_TIME,     /* struct cg_number, seconds since 1970: "2049-12-31T23:59:59Z", "+30d", "-1h", "SECONDS" */
};

struct cg_option {
    const char *name;     /* without the dashes */
    const char *argument; /* as shown in help: "FILE", "a|b|c"; NULL for flags */
    const char *help;     /* one line, no full stop */
    enum cg_option_type type;
    char letter;   /* 0: none */
    size_t offset; /* where the value goes: offsetof(struct VERB_options, field) */
};

struct cg_option_set {
    const struct cg_option *option;
    size_t count;
};

struct cg_verb;

struct cg_cli {
    const char *dir;       /* -C: the CA's folder; never NULL */
    char *dir_word;        /* the same, quoted for a shell; owned */
    char *prefix;          /* "certguard", with -C DIR if $CERTGUARD_DIR does not set it: for commands to type; owned */
    bool dry_run, json;    /* -n, --json */
    bool quiet;            /* -q */
    bool verbose;          /* -v */
    struct cg_number at;   /* --at */
    struct cg_number wait; /* --wait: seconds to wait for the lock */
    const char *passphrase_file; /* of the CA key: cg_key_options, for verbs with needs_key; or of the environment */
    struct cg_number passphrase_fd;
    bool help, version;
    int64_t now;                        /* --at, or the clock at start; the one clock of the tool */
    int64_t clock;                      /* at start, without --at */
    const struct cg_verb *const *verbs; /* all verbs, NULL-terminated */
    const struct cg_verb *verb;
    const char *const *args; /* the arguments after the verb; NULL-terminated */
    int nargs;
};

/* What the arguments of a verb name, for the completions of the shells. */
enum cg_word {
    CG_WORD_OTHER = 0, /* nothing that a shell can complete */
    CG_WORD_FILE,      /* or a folder */
    CG_WORD_FOLDER,
    CG_WORD_NAME, /* below live/ in the folder of the CA */
    CG_WORD_NAME_OR_FILE,
    CG_WORD_TYPE, /* of a new certificate; then a new name */
    CG_WORD_VERB,
    CG_WORD_SETTING, /* of certguard.json */
};

enum cg_verb_group { CG_GROUP_CA = 0, CG_GROUP_CHECK, CG_GROUP_HELP, CG_GROUP_COUNT };

struct cg_verb {
    const char *name;
    enum cg_verb_group group;
    const char *arguments;   /* "broker|bridge|client NAME"; "" for none */
    const char *summary;     /* one line, no full stop */
    const char *description; /* paragraphs for --help and the manual, separated by blank lines */
    const char *examples;    /* command lines, one per line */
    const char *exits;       /* exit codes other than the usual ones; NULL: the usual ones */
    enum cg_word completes;  /* each argument */
    int min_args, max_args;  /* max_args -1: any number */
    bool needs_key;          /* signs with the CA's key: takes the options of the key too */
    int usage_exit;          /* exit code of wrong usage; 0 is CG_EXIT_USAGE */
    struct cg_option_set options;
    size_t options_size; /* sizeof(struct VERB_options) */
    /* Checks the values that only the verb understands, before anything is opened; NULL: there are none. False is wrong
     * usage. */
    bool (*check)(const struct cg_cli *cli, const void *options, struct cg_error *err);
    int (*run)(const struct cg_cli *cli, const void *options); /* returns the exit code */
};

/* The members of a verb that describe its arguments, and those that describe its options. */
#define CG_ARGUMENTS(words, least, most) .arguments = (words), .min_args = (least), .max_args = (most)
#define CG_OPTIONS(rows, type)           .options = {rows, CG_COUNT(rows)}, .options_size = sizeof(type)

/* The tables that apply to a verb: its own, those of the CA's key (empty unless it needs the key), those of every verb.
 * Values of the first go to the verb's struct, the others to struct cg_cli. verb NULL: the last one alone is filled. */
enum { CG_SET_OWN = 0, CG_SET_KEY, CG_SET_GLOBAL, CG_SETS };
void cg_option_sets(const struct cg_verb *verb, struct cg_option_set sets[CG_SETS]);

/* Fills *cli and *options (malloc'ed, of cli->verb; free with cg_cli_free). verbs is NULL-terminated. On failure *err
 * describes the mistake, and cli->verb is set if the verb is known. */
bool cg_cli_parse(struct cg_cli *cli, const struct cg_verb *const *verbs, void **options, int argc, char **argv,
                  struct cg_error *err);
/* NULL and *err, with the verb that was meant, if no verb has this name. verbs is NULL-terminated. */
const struct cg_verb *cg_verb_find(const struct cg_verb *const *verbs, const char *name, struct cg_error *err);
void cg_cli_free(struct cg_cli *cli, void *options);

#endif
