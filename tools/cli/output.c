/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "output.h"

#include "print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 1, 0))) static void words(const char *format, va_list args)
{
    cg_vprint(stderr, format, args);
    fputc('\n', stderr);
}

void cg_say(const struct cg_cli *cli, const char *format, ...)
{
    if (cli->quiet)
        return;
    va_list args;
    va_start(args, format);
    words(format, args);
    va_end(args);
}

void cg_detail(const struct cg_cli *cli, const char *format, ...)
{
    if (cli->quiet || !cli->verbose)
        return;
    va_list args;
    va_start(args, format);
    words(format, args);
    va_end(args);
}

void cg_warn(const struct cg_cli *cli, const char *format, ...)
{
    (void)cli;
    va_list args;
    va_start(args, format);
    cg_print_in(stderr, CG_YELLOW, "warning: ");
    words(format, args);
    va_end(args);
}

void cg_result(const struct cg_cli *cli, cJSON *object)
{
    char *text = cli->json ? cg_json_line(object) : NULL;
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(object);
}

void cg_result_of_run(const struct cg_cli *cli, cJSON *object)
{
    cJSON_AddBoolToObject(object, "dry_run", cli->dry_run);
    cg_result(cli, object);
}

static void print_error(const struct cg_cli *cli, const char *text)
{
    cg_print_in(stderr, CG_RED, "certguard%s%s:", cli->verb ? " " : "", cli->verb ? cli->verb->name : "");
    cg_print(stderr, " %s\n", text);
    if (!cli->json)
        return;
    cJSON *object = cg_json_of("error", text);
    cg_result(cli, object);
}

int cg_fail(const struct cg_cli *cli, int exit_code, const struct cg_error *err)
{
    print_error(cli, err->text[0] ? err->text : "failed for an unknown reason; the system may be out of memory");
    return exit_code;
}

int cg_usage(const struct cg_cli *cli, const char *format, ...)
{
    struct cg_error err = {""};
    va_list args;
    va_start(args, format);
    cg_error_vset(&err, format, args);
    va_end(args);
    print_error(cli, err.text);
    cg_print(stderr, "See: certguard%s%s --help\n", cli->verb ? " " : "", cli->verb ? cli->verb->name : "");
    return cli->verb && cli->verb->usage_exit ? cli->verb->usage_exit : CG_EXIT_USAGE;
}
