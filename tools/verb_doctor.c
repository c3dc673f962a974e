/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "doctor.h"
#include "tty.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct doctor_options {
    const char *config, *connect, *user;
    bool fix;
};

#define AT(field) offsetof(struct doctor_options, field)

static const struct cg_option options[] = {
    {"config", "FILE", "the broker's configuration (default /etc/mosquitto/mosquitto.conf)", CG_OPT_FILE, 0,
     AT(config)},
    {"connect", "HOST:PORT", "look at what the broker serves there, too", CG_OPT_STRING, 0, AT(connect)},
    {"user", "USER", "the broker's user (default: as the configuration says)", CG_OPT_STRING, 0, AT(user)},
    {"fix", NULL, "mend what is safe to mend: modes of private keys; shows each change (-n: only shows)", CG_OPT_FLAG,
     0, AT(fix)},
};

static void show(const struct cg_doctor_finding *f)
{
    static const enum cg_colour colours[] = {CG_DIM, CG_YELLOW, CG_RED};
    printf("%s%s%s: %s (%s)\n    %s\n    cure: %s\n", cg_colour(STDOUT_FILENO, colours[f->severity]),
           cg_severity_text(f->severity), cg_colour(STDOUT_FILENO, CG_PLAIN), f->what, f->id, f->why, f->cure);
}

static cJSON *finding_json(const struct cg_doctor_finding *f)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "id", f->id);
    cJSON_AddStringToObject(object, "severity", cg_severity_text(f->severity));
    cJSON_AddStringToObject(object, "what", f->what);
    cJSON_AddStringToObject(object, "why", f->why);
    cJSON_AddStringToObject(object, "cure", f->cure);
    return object;
}

/* Notices are shown with -v and do not count. */
static size_t print_findings(const struct cg_cli *cli, const struct cg_doctor *d)
{
    cJSON *result = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(result, "findings");
    size_t counted = 0;
    for (size_t i = 0; i < d->count; i++) {
        const struct cg_doctor_finding *f = &d->finding[i];
        if (f->severity == CG_LINT_NOTICE && !cli->verbose)
            continue;
        counted += f->severity != CG_LINT_NOTICE;
        cJSON_AddItemToArray(list, finding_json(f));
        if (!cli->json)
            show(f);
    }
    cg_result(cli, result);
    cg_say(cli, counted ? "%zu findings" : "Nothing found (%zu findings).", counted);
    return counted;
}

/* Through a descriptor without following links: what was looked at is what is changed. */
static bool fix_mode(const struct cg_cli *cli, const char *path, struct cg_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (good) {
        mode_t mode = st.st_mode & 0740;
        cg_say(cli, "--- %s\n-mode %04o\n+mode %04o", path, (unsigned)(st.st_mode & 07777), (unsigned)mode);
        good = cli->dry_run || fchmod(fd, mode) == 0;
    }
    if (!good)
        cg_error_set(err, "%s: can't change its mode: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

static bool fix(const struct cg_cli *cli, const struct cg_doctor *d, struct cg_error *err)
{
    bool good = true;
    for (size_t i = 0; good && i < cg_lint_count(d->lint); i++) {
        const struct cg_lint_finding *f = cg_lint_finding(d->lint, i);
        if (strcmp(f->row->id, "key_open_to_all") == 0)
            good = fix_mode(cli, f->file, err);
    }
    return good;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct doctor_options *o = values;
    struct cg_doctor d = {.now = cli->now, .connect = o->connect};
    struct cg_error err = {""};
    int code = CG_EXIT_FAILED;
    if (cg_doctor_run(&d, o->config ? o->config : "/etc/mosquitto/mosquitto.conf", o->user, &err)) {
        code = print_findings(cli, &d) ? CG_EXIT_FINDINGS : CG_EXIT_OK;
        if (o->fix && !fix(cli, &d, &err))
            code = CG_EXIT_FAILED;
    }
    if (code == CG_EXIT_FAILED)
        code = cg_fail(cli, code, &err);
    cg_doctor_clear(&d);
    return code;
}

const struct cg_verb cg_verb_doctor = {
    .name = "doctor",
    .group = CG_GROUP_LOOK,
    .arguments = "",
    .summary = "find what is wrong with a broker's configuration and files",
    .description = "Reads mosquitto.conf with include_dir, the policy, certificates, CRLs and keys together, as root "
                   "with the eyes of the\n"
                   "broker's user, and names what stops clients or leaves the door open, why, and the cure. Notices "
                   "are shown with -v.",
    .examples = "certguard doctor\n"
                "certguard doctor --config /etc/mosquitto/mosquitto.conf --connect localhost:8883\n"
                "certguard doctor --fix --dry-run",
    .exits = "0 nothing found, 1 the configuration could not be read, 3 findings",
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct doctor_options),
    .run = run,
};
