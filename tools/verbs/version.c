/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "cli/print.h"
#include "verbs.h"

#include <openssl/crypto.h>
#include <stdio.h>

/* Also called for --version, without a verb. */
static int run(const struct cg_cli *cli, const void *options)
{
    (void)options;
    const char *openssl = OpenSSL_version(OPENSSL_VERSION_STRING);
    if (!cli->json)
        cg_print(stdout, "certguard %s (built with OpenSSL %s, runs with %s)\n", CG_VERSION, OPENSSL_VERSION_STR,
                 openssl);
    cg_result(cli, cg_json_of("version", CG_VERSION, "openssl_built", OPENSSL_VERSION_STR, "openssl", openssl));
    return CG_EXIT_OK;
}

const struct cg_verb cg_verb_version = {
    .name = "version",
    .group = CG_GROUP_HELP,
    CG_ARGUMENTS("", 0, 0),
    .summary = "show the versions of certguard and OpenSSL",
    .description = "The same as certguard --version. With --json: version, openssl_built (for which certguard was "
                   "built) and\n"
                   "openssl (with which it runs).",
    .examples = "certguard version",
    .run = run,
};
