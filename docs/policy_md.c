/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Writes docs/policy.md from the table of the policy's keys to standard output. A test compares the two. */
#include "core/policy/policy_keys.h"

#include <stdio.h>
#include <string.h>

static const struct {
    unsigned scope;
    const char *name;
} scopes[] = {
    {CG_IN_CLIENT, "client"}, {CG_IN_SERVER, "server"}, {CG_IN_BRIDGE, "bridge"}, {CG_IN_LISTENER, "listeners[]"}};

/* A section that occurs in several places is written once, under the first place. */
struct written {
    const struct cg_key *keys[32];
    size_t count;
};

static bool first_time(struct written *written, const struct cg_key *keys)
{
    for (size_t i = 0; i < written->count; i++)
        if (written->keys[i] == keys)
            return false;
    if (written->count < sizeof written->keys / sizeof *written->keys)
        written->keys[written->count++] = keys;
    return true;
}

static bool holds_objects(const struct cg_key *key)
{
    return key->type == CG_TYPE_OBJECT || key->type == CG_TYPE_OBJECTS || key->type == CG_TYPE_LIST;
}

/* The manual has one server section; a key that only the top level's section has is marked. */
static unsigned places_of(const struct cg_key *key)
{
    return key->scopes & CG_IN_TOP_SERVER ? (key->scopes & ~(unsigned)CG_IN_TOP_SERVER) | CG_IN_SERVER : key->scopes;
}

/* In a section that occurs in several places: prints where this key is allowed, unless that is everywhere. */
static void print_places(const struct cg_key *key, const struct cg_key *keys)
{
    unsigned all = 0, places = places_of(key);
    for (const struct cg_key *other = keys; other->name; other++)
        all |= places_of(other);
    if (places == all || places == (CG_IN_TOP | CG_IN_LISTENER | CG_IN_BRIDGE))
        return;
    if (all & CG_IN_TOP && !(places & CG_IN_LISTENER) && all & CG_IN_LISTENER) {
        printf(" Top level only.");
        return;
    }
    const char *separator = " Only in ";
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        if (!(places & scopes[i].scope) || places & CG_IN_TOP)
            continue;
        printf("%s`%s`", separator, scopes[i].name);
        separator = ", ";
    }
    if (separator[0] == ',')
        printf(".");
}

static void print_key(const struct cg_key *key, const struct cg_key *keys)
{
    char expected[512];
    cg_key_expected(key, expected, sizeof expected);
    printf("- `%s`: %s", key->name, expected);
    if (key->required)
        printf("; required");
    else if (key->fallback && key->type != CG_TYPE_OBJECT)
        printf("; default `%s`", key->fallback);
    printf(". %s", key->manual);
    print_places(key, keys);
    printf("\n");
}

static void print_object(struct written *written, const char *path, const char *manual, const struct cg_object *object)
{
    if (!first_time(written, object->keys))
        return;
    printf("\n## `%s`\n\n%s\n\n", path, manual);
    for (const struct cg_key *key = object->keys; key->name; key++)
        print_key(key, object->keys);
    for (const struct cg_key *key = object->keys; key->name; key++) {
        char inner[128];
        if (!holds_objects(key))
            continue;
        snprintf(inner, sizeof inner, "%s.%s%s", path, key->name, key->type == CG_TYPE_LIST ? "[]" : "");
        print_object(written, inner, key->manual, key->object);
    }
}

int main(void)
{
    struct written written = {.count = 0};
    puts("# The policy\n"
         "\n"
         "The policy is one JSON file. The line `plugin_opt_policy FILE` in `mosquitto.conf` names it. Only trust "
         "anchors are "
         "required. All\n"
         "other keys have strict defaults. The smallest policy is `{\"trust\": {\"anchors\": \"ca.pem\"}}`. To refuse "
         "revoked certificates,\n"
         "also set `trust.crls`.\n"
         "\n"
         "An unknown key, a duplicate key, a wrong type, a value out of range and keys that contradict each other are "
         "errors. The broker\n"
         "does not start with such a policy. A running broker keeps the previous policy.\n"
         "\n"
         "- A *peer* is the other side of a TLS connection. The *leaf* is the certificate of the client or broker "
         "itself. An *anchor* is a\n"
         "  CA certificate that you trust. The *path* is the chain of certificates from the leaf to an anchor.\n"
         "- A certificate is valid from its *notBefore* to its *notAfter*, and a certificate revocation list (CRL) "
         "from its\n"
         "  *thisUpdate* to its *nextUpdate*.\n"
         "- There are three roles: `client` (clients), `server` (this broker) and `bridge` (brokers that a bridge of "
         "this broker connects\n"
         "  to). All three have the keys under `$.client`, except keys marked \"Only in\".\n"
         "- The keys of an object are under the heading with its path, such as `$.trust`. If an object occurs in "
         "several "
         "places, only the\n"
         "  first has a heading: `bridge.trust` has the keys under `$.trust`, and `allow` those under `$.deny[]`.\n"
         "- Durations and sizes are strings with a unit: `\"90d\"`, `\"10s\"`, `\"64KiB\"`.\n"
         "- Relative file names start at the folder of the policy file.\n"
         "- An entry of `listeners` needs only `port` and the keys that differ from the top level. It is applied as a "
         "JSON Merge Patch\n"
         "  (RFC 7396): objects are merged, arrays are replaced as a whole, and `null` restores the default of a key.\n"
         "- The mode of a rule is taken from `rules` of the role. If it is not set there, it is taken from `rules` of "
         "the top level, then\n"
         "  from `mode`.\n"
         "- Keys that weaken the protection below current practice are named `insecure_*`.\n"
         "\n"
         "This file is generated from the table in `plugin/core/policy/policy_keys.c` (`cmake --build build/dev "
         "--target docs`).");
    print_object(&written, "$", "The top level of the file. In the headings below, `$` stands for this level.",
                 &cg_policy_object);
    return 0;
}
