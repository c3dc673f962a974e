/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy.h"

#include "core/base/datetime.h"
#include "html.h"

#include <openssl/ssl.h>
#include <string.h>

#define VALUE_MAX 1200

static const char *const titles[] = {"Setting", "Value", NULL};

static void row(FILE *out, const char *name, const char *value)
{
    fputs("<tr>", out);
    cg_html_cell(out, titles[0], name);
    cg_html_cell(out, titles[1], value);
    fputs("</tr>\n", out);
}

/* none: the value for 0 */
static void duration_row(FILE *out, const char *name, int64_t seconds, const char *none)
{
    char text[48];
    const int64_t unit = seconds % CG_DAY == 0 ? CG_DAY : seconds % 3600 == 0 ? 3600 : 1;
    snprintf(text, sizeof text, "%lld %s", (long long)(seconds / unit),
             unit == CG_DAY ? "days"
             : unit == 3600 ? "hours"
                            : "seconds");
    row(out, name, seconds ? text : none);
}

/* The codes of the rules with this mode, or "none". */
static void rules_in(const struct cg_profile *profile, enum cg_mode mode, char out[VALUE_MAX])
{
    size_t used = 0;
    snprintf(out, VALUE_MAX, "none");
    for (int i = 0; i < CG_REASON_COUNT && used < VALUE_MAX; i++)
        if (cg_reason_row((enum cg_reason)i)->kind == CG_KIND_RULE && profile->mode[i] == mode)
            used += (size_t)snprintf(out + used, VALUE_MAX - used, "%s%s", used ? ", " : "",
                                     cg_reason_row((enum cg_reason)i)->code);
}

static void client_rows(FILE *out, const struct cg_listener_policy *listener)
{
    static const char *const uses[] = {"required", "optional", "not requested"};
    static const char *const identities[] = {
        "from CONNECT", "first URI of the SAN", "first DNS name of the SAN", "first e-mail address of the SAN",
        "common name",  "whole subject"};
    static const char *const ids[] = {"any", "equal to the name in the certificate",
                                      "starts with the name in the certificate"};
    char text[VALUE_MAX];
    const struct cg_profile *client = &listener->client;
    row(out, "Client certificate", uses[client->certificate]);
    row(out, "Minimum TLS version", listener->tls.min_version == TLS1_3_VERSION ? "TLS 1.3" : "TLS 1.2");
    row(out, "User name", identities[listener->identity.username]);
    row(out, "Client id", ids[listener->identity.client_id]);
    row(out, "One client per certificate", listener->identity.one_client ? "yes" : "no");
    duration_row(out, "Maximum lifetime of a certificate", client->max_lifetime, "no limit");
    snprintf(text, sizeof text, "%u bits", client->rsa_min_bits);
    row(out, "Minimum RSA key size", text);
    row(out, "CRL for every CA", client->crl_required ? "required" : "not required");
    duration_row(out, "Maximum age of a CRL", client->crl_max_age, "until its nextUpdate");
    duration_row(out, "Grace after nextUpdate", client->crl_grace, "none");
    row(out, "Live sessions that are no longer accepted",
        listener->sessions == CG_SESSION_END ? "ended" : "reported only");
    row(out, "Clients without TLS", listener->plain_allowed ? "allowed" : "denied");
    rules_in(client, CG_AUDIT, text);
    row(out, "Rules in audit mode", text);
    rules_in(client, CG_OFF, text);
    row(out, "Rules turned off", text);
}

/* The keys of the policy that are named insecure_. */
static void insecure_keys(const char *text, char out[VALUE_MAX])
{
    static const char mark[] = "\"insecure_";
    size_t used = 0;
    snprintf(out, VALUE_MAX, "none");
    for (const char *at = strstr(text, mark); at && used < VALUE_MAX; at = strstr(at + 1, mark)) {
        const int len = (int)strcspn(at + 1, "\"");
        used += (size_t)snprintf(out + used, VALUE_MAX - used, "%s%.*s", used ? ", " : "", len < 64 ? len : 64, at + 1);
    }
}

static void show_text(FILE *out, const char *text)
{
    char line[CG_HTML_TEXT_MAX / 4];
    fputs("<details><summary>Text of the policy</summary><pre>", out);
    while (*text) {
        const size_t len = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1), text);
        for (char *c = line; *c; c++)
            *c = *c == '\t' || *c == '\r' ? ' ' : *c;
        cg_html_text(out, line);
        fputc('\n', out);
        text += len + (text[len] == '\n');
    }
    fputs("</pre></details>\n", out);
}

void cg_report_policy(FILE *out, const struct cg_policy *policy, const char *text)
{
    char value[VALUE_MAX];
    cg_html_table(out, "Policy", titles, 0);
    row(out, "File", policy->name);
    client_rows(out, &policy->base);
    insecure_keys(text, value);
    row(out, "Insecure settings", value);
    snprintf(value, sizeof value, "%zu denied, %zu allowed (0: all), %zu administrators",
             policy->base.client.deny.count, policy->base.client.allow.count, policy->admin.count);
    row(out, "Lists of certificates", value);
    snprintf(value, sizeof value, "%zu", policy->nlisteners);
    row(out, "Listeners with separate settings", value);
    cg_html_table_end(out);
    show_text(out, text);
}
