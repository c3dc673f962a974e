/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Files of CRL numbers: any bytes give a table or an error with a text. A table that was written is read back unchanged. */
#include "core/crl/crl_numbers_format.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static struct cg_crl_numbers *parse(const void *data, size_t size)
{
    struct cg_error err = {""};
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    bool ok = numbers && cg_crl_numbers_parse(numbers, "fuzz", data, size, &err);
    if (ok == (err.text[0] != '\0'))
        abort();
    for (const char *c = err.text; *c; c++)
        if ((unsigned char)*c < 0x20)
            abort();
    if (ok)
        return numbers;
    cg_crl_numbers_free(numbers);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len = 0, len_again = 0;
    struct cg_crl_numbers *numbers = parse(data, size);
    if (!numbers)
        return 0;
    char *text = cg_crl_numbers_text(numbers, &len);
    struct cg_crl_numbers *again = text ? parse(text, len) : NULL;
    char *text_again = again ? cg_crl_numbers_text(again, &len_again) : NULL;
    if (!text_again || len != len_again || memcmp(text, text_again, len) != 0)
        abort();
    free(text_again);
    free(text);
    cg_crl_numbers_free(again);
    cg_crl_numbers_free(numbers);
    return 0;
}
