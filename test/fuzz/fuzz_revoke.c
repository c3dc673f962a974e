/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lists of revoke --batch from any bytes: each item has a word to look up, or a fault with a text, and its line. Only items
 * without a fault are looked up in an index. */
#include "ca/revoke_what.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check(const struct cg_revoke_list *list, size_t size)
{
    unsigned long line = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct cg_revoke_what *what = &list->item[i];
        if (what->line <= line || what->line > size || (what->fault ? !*what->fault : !*what->text) ||
            (!what->fault && what->reason >= 0 && !cg_reason_name(what->reason)))
            abort();
        line = what->line;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cg_revoke_list list = {0};
    struct cg_revoke_lookup lookup;
    struct cg_error err = {""};
    int reason = -1;
    X509 *cert = NULL;
    const struct cg_index_row row = {.serial = "0A", .file = "archive/one/0001", .subject = "/CN=one"};
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    if (!cg_revoke_list_read(&list, text, size, -1))
        abort();
    check(&list, size);
    for (size_t i = 0; i < list.count; i++)
        list.item[i].is_name = true;
    if (!cg_revoke_lookup_open(&lookup, &list, &err))
        abort();
    bool wanted = false;
    for (size_t i = 0; i < list.count; i++)
        wanted = wanted || (!list.item[i].fault && strcmp(list.item[i].text, "one") == 0);
    if (cg_revoke_lookup_row(&lookup, &row, &reason, &cert) != wanted || cert)
        abort();
    cg_revoke_lookup_close(&lookup);
    cg_revoke_list_clear(&list);
    free(text);
    return 0;
}
