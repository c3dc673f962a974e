/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cg_pki *cg_row_pki(const struct cg_scenario *row, int64_t now)
{
    struct cg_pki *pki = cg_pki_new(now);
    cg_pki_make(pki, "root: ca\ninter: issuer=root ca\nbroker: server issuer=root\n");
    if (row->cas)
        cg_pki_make(pki, row->cas);
    return pki;
}

char *cg_row_policy(const struct cg_scenario *row)
{
    char *text = NULL;
    /* practically no limit on events: a runner causes hundreds from one address */
    int len = asprintf(&text,
                       "{\"trust\": {\"anchors\": \"ca.pem\"%s%s%s%s%s}, \"log\": {\"file\": \"events.jsonl\", "
                       "\"burst\": 1000000, \"accepted\": true}%s%s}\n",
                       row->intermediate_anchors ? ", \"intermediate_anchors\": \"issuing.pem\"" : "",
                       row->intermediates ? ", \"intermediates\": \"intermediates.pem\"" : "",
                       row->crls ? ", \"crls\": \"crl.pem\"" : "", row->trust ? ", " : "", row->trust ? row->trust : "",
                       row->policy ? ", " : "", row->policy ? row->policy : "");
    if (len < 0)
        abort();
    return text;
}

void cg_row_write(const struct cg_scenario *row, const struct cg_pki *pki, const struct cg_broker *broker)
{
    const char *folder = cg_broker_folder(broker);
    char *policy = cg_row_policy(row);
    cg_pki_write_folder(pki, folder, cg_row_anchors(row), "broker", row->crls ? row->crls : "");
    if (row->intermediate_anchors)
        cg_pki_write(pki, folder, "issuing.pem", row->intermediate_anchors);
    if (row->intermediates)
        cg_pki_write(pki, folder, "intermediates.pem", row->intermediates);
    cg_broker_write(broker, "policy.json", policy);
    free(policy);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool cg_row_shares_broker(const struct cg_scenario *a, const struct cg_scenario *b)
{
    return same(a->cas, b->cas) && same(a->anchors, b->anchors) &&
           same(a->intermediate_anchors, b->intermediate_anchors) && same(a->intermediates, b->intermediates) &&
           same(a->crls, b->crls) && same(a->trust, b->trust) && same(a->policy, b->policy);
}

const char *cg_row_anchors(const struct cg_scenario *row)
{
    return row->anchors ? row->anchors : "root";
}

const char *cg_row_recipe(const struct cg_scenario *row)
{
    return row->recipe ? row->recipe : "dev: issuer=inter";
}

const char *cg_row_send(const struct cg_scenario *row)
{
    return row->send ? row->send : "dev inter";
}
