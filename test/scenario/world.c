/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cg_pki *cg_world_pki(const struct cg_scenario *row, int64_t now)
{
    struct cg_pki *pki = cg_pki_new(now);
    cg_pki_make(pki, "root: ca\ninter: issuer=root ca\nbroker: server issuer=root\n");
    if (row->world)
        cg_pki_make(pki, row->world);
    return pki;
}

char *cg_world_policy(const struct cg_scenario *row)
{
    char *text = NULL;
    /* no limit on events: a runner makes hundreds from one address */
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

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool cg_world_same(const struct cg_scenario *a, const struct cg_scenario *b)
{
    return same(a->world, b->world) && same(a->anchors, b->anchors) &&
           same(a->intermediate_anchors, b->intermediate_anchors) && same(a->intermediates, b->intermediates) &&
           same(a->crls, b->crls) && same(a->trust, b->trust) && same(a->policy, b->policy);
}

const char *cg_world_anchors(const struct cg_scenario *row)
{
    return row->anchors ? row->anchors : "root";
}

const char *cg_world_recipe(const struct cg_scenario *row)
{
    return row->recipe ? row->recipe : "dev: issuer=inter";
}

const char *cg_world_send(const struct cg_scenario *row)
{
    return row->send ? row->send : "dev inter";
}
