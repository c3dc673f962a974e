/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Files of the spool: what is read is written and read again as the same, whichever kind of file it is taken for. No file is two
 * kinds. */
#include "core/renewal/mailbox.h"
#include "core/renewal/question.h"
#include "fuzz.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static void need(bool ok)
{
    if (!ok)
        abort();
}

static char *print(cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    need(text != NULL);
    cJSON_Delete(json);
    return text;
}

/* NULL: it is no request. */
static char *read_request(const char *text, size_t len)
{
    struct cg_mail_request mail;
    struct cg_error err = {""};
    char *out = NULL, id[CG_RENEWAL_ID_MAX];
    const bool ok = cg_mail_request_read(text, len, &mail, &err);
    need(ok == (err.text[0] == '\0'));
    if (ok) {
        need(mail.len <= CG_RENEW_REQUEST_MAX && mail.request.whole.at == mail.data);
        need(cg_renewal_id(mail.certificate, &mail.request, id) && strcmp(id, mail.id) == 0);
        out = print(cg_mail_request_json(&mail));
    }
    cg_mail_request_clear(&mail);
    return out;
}

static char *read_answer(const char *text, size_t len)
{
    struct cg_mail_answer mail;
    struct cg_error err = {""};
    char *out = NULL;
    const bool ok = cg_mail_answer_read(text, len, &mail, &err);
    need(ok == (err.text[0] == '\0'));
    if (ok) {
        need(cg_renewal_id_is_valid(mail.id) && sk_X509_num(mail.chain) <= CG_RENEW_CHAIN_MAX);
        need((mail.certificate != NULL) == (mail.refused == CG_REASON_OK) && !strchr(mail.detail, '\n'));
        out = print(cg_mail_answer_json(&mail));
    }
    cg_mail_answer_clear(&mail);
    return out;
}

/* The ID is what the file says, if it says one. */
static char *read_done(const char *text, size_t len)
{
    struct cg_error err = {""};
    char id[CG_RENEWAL_ID_MAX] = "";
    int64_t confirmed = 0;
    const char *at = memmem(text, len, "\"id\":\"", 6);
    if (at && (size_t)(text + len - at) >= 6 + 64) {
        memcpy(id, at + 6, 64);
        id[64] = '\0';
    }
    const bool ok = cg_mail_done_read(text, len, id, &confirmed, &err);
    need(ok == (err.text[0] == '\0'));
    return ok ? print(cg_mail_done_json(id, confirmed)) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *(*const readers[])(const char *text, size_t len) = {read_request, read_answer, read_done};
    int kinds = 0;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        char *once = readers[i]((const char *)data, size);
        if (!once)
            continue;
        char *twice = readers[i](once, strlen(once));
        need(twice && strcmp(once, twice) == 0);
        cJSON_free(once);
        cJSON_free(twice);
        kinds++;
    }
    need(kinds <= 1);
    ERR_clear_error();
    return 0;
}
