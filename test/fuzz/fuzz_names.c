/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lines of issue --batch with names and SANs as typed by a person: accepted ones can be encoded and decoded, the others give
 * an error. */
#include "ca/batch.h"
#include "ca/names.h"
#include "cli/cli.h"
#include "core/cert/name.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_round_trip(const GENERAL_NAMES *names)
{
    unsigned char *der = NULL;
    int len = i2d_GENERAL_NAMES(names, &der);
    const unsigned char *p = der;
    GENERAL_NAMES *again = len > 0 ? d2i_GENERAL_NAMES(NULL, &p, len) : NULL;
    if (!again || sk_GENERAL_NAME_num(again) != sk_GENERAL_NAME_num(names))
        abort();
    for (int i = 0; i < sk_GENERAL_NAME_num(again); i++) {
        char text[1024];
        cg_san_text(sk_GENERAL_NAME_value(again, i), text, sizeof text);
    }
    GENERAL_NAMES_free(again);
    OPENSSL_free(der);
}

static void run_line(char *line)
{
    struct cg_error err = {""};
    const char *name = NULL;
    int64_t number = 0;
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    const char *item[] = {line};
    const struct cg_permitted domain = {.dns = item, .ndns = 1}, network = {.ip = item, .nip = 1};
    if (!names)
        abort();
    (void)cg_duration_parse(line, &number);
    (void)cg_time_parse(line, &number);
    NAME_CONSTRAINTS_free(cg_constraints_make(&domain, &err));
    NAME_CONSTRAINTS_free(cg_constraints_make(&network, &err));
    err.text[0] = '\0';
    if (cg_batch_line(line, false, &name, names, &err))
        check_round_trip(names);
    else if (!err.text[0])
        abort();
    GENERAL_NAMES_free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *line = text, *next = NULL; line; line = next) {
        if ((next = strchr(line, '\n')))
            *next++ = '\0';
        run_line(line);
    }
    free(text);
    return 0;
}
