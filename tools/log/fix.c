/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "fix.h"

#include "base/array.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

/* NAME, FILE, PORT and CLIENT are replaced with those of the event. NULL: no command on this machine fixes it. */
static const struct fix {
    const char *reason, *command[CG_CERT_OWNER_COUNT]; /* of a client, the broker itself, a bridge's peer */
} fixes[] = {
    {"no_certificate", {"certguard issue client CLIENT"}},
    {"untrusted", {"certguard issue client NAME", "certguard issue broker NAME"}},
    {"self_signed", {"certguard issue client NAME", "certguard issue broker NAME"}},
    {"bad_signature", {"certguard issue client NAME", "certguard issue broker NAME"}},
    {"revoked", {"certguard issue client NAME", "certguard issue broker NAME"}},
    {"expired", {"certguard renew NAME", "certguard rotate NAME"}},
    {"too_little_life_left", {"certguard renew NAME", "certguard rotate NAME"}},
    {"lifetime_too_long", {"certguard renew NAME --lifetime DURATION", "certguard renew NAME --lifetime DURATION"}},
    {"crl_missing", {"certguard crl", "certguard crl"}},
    {"crl_expired", {"certguard crl", "certguard crl"}},
    {"crl_too_old", {"certguard crl", "certguard crl"}},
    {"crl_unknown", {"certguard crl", "certguard crl"}},
    {"crl_invalid", {"certguard crl"}},
    {"not_yet_valid", {"timedatectl", "timedatectl", "timedatectl"}},
    {"ca_not_yet_valid", {"timedatectl", "timedatectl", "timedatectl"}},
    {"crl_not_yet_valid", {"timedatectl", "timedatectl", "timedatectl"}},
    {"wrong_purpose", {"certguard issue client NAME-client", "certguard issue broker NAME"}},
    {"eku_missing", {"certguard renew NAME --as client", "certguard renew NAME --as broker"}},
    {"eku_any", {"certguard renew NAME --as client", "certguard renew NAME --as broker"}},
    {"san_missing", {"certguard issue client NAME-new --san dns:NAME", "certguard issue broker NAME"}},
    {"host_mismatch", {NULL, "certguard issue broker NAME --san dns:HOST"}},
    {"ca_as_end_entity", {"certguard issue client CLIENT", "certguard issue broker NAME"}},
    {"certificate_in_use", {"certguard revoke NAME"}},
    {"client_id_taken", {"certguard status HOST:PORT --explain CLIENT"}},
    {"peer_untrusts_us", {"mosquitto_pub -h HOST -p PORT --cafile ca.pem -t test -m hello"}},
    {"peer_says_expired", {"certguard needs-renewal broker"}},
    {"plain_mqtt", {"mosquitto_pub -h HOST -p PORT --cafile ca.pem -t test -m hello"}},
    {"credential_invalid", {"certguard lint FILE", "certguard doctor"}},
    {"trust_invalid", {"certguard lint FILE"}},
    {"state_invalid", {"certguard doctor"}},
};

static const char *command_of(const struct cg_log_event *event)
{
    for (size_t i = 0; i < CG_COUNT(fixes); i++)
        if (strcmp(fixes[i].reason, event->reason) == 0)
            return fixes[i].command[event->cert_owner];
    return NULL;
}

/* The certificate's name in the CA, which is its common name; "NAME" if that is not a valid name. */
static void name_of(const struct cg_log_event *event, char out[CG_NAME_MAX + 1])
{
    const char *cn = strncmp(event->subject, "CN=", 3) == 0 ? event->subject : strstr(event->subject, ",CN=");
    cn = cn ? strchr(cn, '=') + 1 : "";
    const size_t len = strcspn(cn, ",");
    snprintf(out, CG_NAME_MAX + 1, "%.*s", (int)(len <= CG_NAME_MAX ? len : 0), cn);
    if (!cg_ca_name_valid(out, NULL))
        snprintf(out, CG_NAME_MAX + 1, "NAME");
}

static const char *shell_safe(const char *text, const char *placeholder)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/@:+-";
    bool safe = *text && *text != '-' && strlen(text) <= 300 && !text[strspn(text, good)];
    return safe ? text : placeholder;
}

bool cg_log_fix(const struct cg_log_event *event, char out[CG_FIX_MAX])
{
    char name[CG_NAME_MAX + 1], port[16];
    const char *command = command_of(event);
    if (!command)
        return false;
    name_of(event, name);
    snprintf(port, sizeof port, "%d", event->listener);
    const struct {
        const char *word, *value;
    } words[] = {{"NAME", name},
                 {"FILE", shell_safe(event->file, "FILE")},
                 {"PORT", event->listener ? port : "PORT"},
                 {"CLIENT", cg_ca_name_valid(event->client_id, NULL) ? event->client_id : name}};
    size_t n = 0;
    while (*command && n + 1 < CG_FIX_MAX) {
        size_t i = 0;
        while (i < CG_COUNT(words) && strncmp(command, words[i].word, strlen(words[i].word)) != 0)
            i++;
        if (i == CG_COUNT(words)) {
            out[n++] = *command++;
            continue;
        }
        int put = snprintf(out + n, CG_FIX_MAX - n, "%s", words[i].value);
        n += (size_t)put < CG_FIX_MAX - n ? (size_t)put : CG_FIX_MAX - n - 1;
        command += strlen(words[i].word);
    }
    out[n] = '\0';
    return true;
}
