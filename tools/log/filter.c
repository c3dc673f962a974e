/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "filter.h"
#include "base/failure.h"
#include "core/cert/name.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) && item->valuedouble > 0 && item->valuedouble < 1e15 ? item->valuedouble : 0;
}

/* 0 in the shape stands for any digit, other characters for themselves. */
static bool has_shape(const char *text, const char *shape)
{
    for (; *shape; shape++, text++)
        if (*shape == '0' ? !isdigit((unsigned char)*text) : *text != *shape)
            return false;
    return true;
}

/* What follows the seconds: a fraction, of which milliseconds are used, then Z or an offset. */
static bool parse_rest(const char *rest, int64_t *ms)
{
    int fraction = 0, scale = 100;
    if (*rest == '.')
        for (rest++; isdigit((unsigned char)*rest); rest++, scale /= 10)
            fraction += (*rest - '0') * scale;
    *ms += fraction;
    if (strcmp(rest, "Z") == 0)
        return true;
    if ((*rest != '+' && *rest != '-') || strlen(rest) != 6 || !has_shape(rest + 1, "00:00"))
        return false;
    int hours = (rest[1] - '0') * 10 + rest[2] - '0', minutes = (rest[4] - '0') * 10 + rest[5] - '0';
    *ms -= (*rest == '+' ? 1 : -1) * (hours * INT64_C(60) + minutes) * 60000;
    return true;
}

/* RFC 3339, as in events. */
static bool parse_stamp(const char *text, int64_t *ms)
{
    char date[32];
    int64_t seconds;
    size_t len = strlen(text);
    if (len < 20 || len > 40 || !has_shape(text, "0000-00-00T00:00:00"))
        return false;
    snprintf(date, sizeof date, "%.19sZ", text);
    if (!cg_time_parse(date, &seconds))
        return false;
    *ms = seconds * 1000;
    return parse_rest(text + 19, ms);
}

bool cg_log_object(const char **line, size_t *len)
{
    static const char mark[] = "certguard: {";
    while (*len && ((*line)[*len - 1] == '\r' || (*line)[*len - 1] == ' '))
        (*len)--;
    if (!*len || (*line)[*len - 1] != '}')
        return false;
    if ((*line)[0] == '{')
        return true;
    const char *at = memmem(*line, *len, mark, sizeof mark - 1);
    if (!at)
        return false;
    at += sizeof mark - 2;
    *len -= (size_t)(at - *line);
    *line = at;
    return true;
}

static enum cg_cert_owner owner_of(const struct cg_log_event *event)
{
    bool own = strncmp(event->event, "broker_certificate_", strlen("broker_certificate_")) == 0;
    bool bridge = strcmp(cg_member_text(event->json, "role"), "bridge") == 0;
    return own ? CG_OF_BROKER : bridge ? CG_OF_BRIDGE : CG_OF_CLIENT;
}

bool cg_log_event_parse(struct cg_log_event *event, const char *line, size_t len)
{
    memset(event, 0, sizeof *event);
    if (memchr(line, '\0', len)) /* a crash of the machine can leave blocks of NUL */
        return false;
    cJSON *json = event->json = cJSON_ParseWithLength(line, len);
    event->ts = cg_member_text(json, "ts");
    event->event = cg_member_text(json, "event");
    if (!*event->event || !parse_stamp(event->ts, &event->at_ms))
        return false;
    const cJSON *cert = cJSON_GetObjectItemCaseSensitive(json, "cert");
    event->reason = cg_member_text(json, "reason");
    event->detail = cg_member_text(json, "detail");
    event->peer = cg_member_text(json, "peer");
    event->client_id = cg_member_text(json, "client_id");
    event->fix = cg_member_text(json, "fix");
    event->file = cg_member_text(json, "file");
    event->policy = cg_member_text(json, "policy");
    event->subject = cg_member_text(cert, "subject");
    event->issuer = cg_member_text(cert, "issuer");
    event->serial = cg_member_text(cert, "serial");
    event->sha256 = cg_member_text(cert, "sha256");
    event->not_after = cg_member_text(cert, "not_after");
    event->listener = number_of(json, "listener") <= 65535 ? (int)number_of(json, "listener") : 0;
    event->audit = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "audit"));
    event->count = number_of(json, "count");
    event->cert_owner = owner_of(event);
    event->anchors = number_of(json, "anchors");
    event->crls = number_of(json, "crls");
    return true;
}

void cg_log_event_free(struct cg_log_event *event)
{
    cJSON_Delete(event->json);
    event->json = NULL;
}

double cg_log_event_weight(const struct cg_log_event *event)
{
    return strcmp(event->event, "suppressed") == 0 ? event->count : 1;
}

void cg_log_address(const struct cg_log_event *event, char *out, size_t size)
{
    const char *peer = event->peer, *colon = strrchr(peer, ':');
    bool bracket = peer[0] == '[';
    size_t len = bracket                               ? strcspn(peer + 1, "]")
                 : colon && strchr(peer, ':') == colon ? (size_t)(colon - peer)
                                                       : strlen(peer);
    snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), peer + bracket);
}

/* Any spelling of an address in the form of events: IPv4-mapped IPv6 becomes IPv4. False: not a complete address. */
static bool canonical(const char *text, char out[INET6_ADDRSTRLEN])
{
    struct in6_addr v6;
    struct in_addr v4;
    size_t len = strlen(text);
    bool bracket = len > 2 && text[0] == '[' && text[len - 1] == ']';
    snprintf(out, INET6_ADDRSTRLEN, "%.*s", (int)(bracket ? len - 2 : len), text + bracket);
    if (inet_pton(AF_INET, out, &v4) == 1)
        return true;
    if (inet_pton(AF_INET6, out, &v6) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&v6))
        return inet_ntop(AF_INET, v6.s6_addr + 12, out, INET6_ADDRSTRLEN) != NULL;
    return inet_ntop(AF_INET6, &v6, out, INET6_ADDRSTRLEN) != NULL;
}

/* A pasted serial number or fingerprint: "0A:1B" becomes "0a1b". "" if it is neither. */
static void as_hex(const char *word, char out[CG_LOG_WORD_MAX])
{
    size_t n = 0;
    if (strncmp(word, "0x", 2) == 0)
        word += 2;
    for (; *word && n + 1 < CG_LOG_WORD_MAX; word++) {
        if (*word == ':')
            continue;
        if (!isxdigit((unsigned char)*word)) {
            n = 0;
            break;
        }
        out[n++] = (char)tolower((unsigned char)*word);
    }
    out[n] = '\0';
}

static const char *without_zeros(const char *hex)
{
    while (hex[0] == '0' && hex[1])
        hex++;
    return hex;
}

static bool is_one_of(const struct cg_list *list, const char *value)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], value) == 0)
            return true;
    return list->count == 0;
}

static bool is_address(const char *wanted, const struct cg_log_event *event)
{
    char address[INET6_ADDRSTRLEN], one[INET6_ADDRSTRLEN], other[INET6_ADDRSTRLEN];
    cg_log_address(event, address, sizeof address);
    return canonical(wanted, one) && canonical(address, other) && strcmp(one, other) == 0;
}

/* Only a port may follow the address: "192.0.2.7" does not match "192.0.2.70". */
static bool is_peer(const char *wanted, const char *peer)
{
    size_t len = strlen(wanted);
    const char *address = peer[0] == '[' && wanted[0] != '[' ? peer + 1 : peer;
    if (!len || strncmp(address, wanted, len) != 0)
        return false;
    bool is_prefix = wanted[len - 1] == '.' || wanted[len - 1] == ':';
    return is_prefix || !address[len] || address[len] == ']' || (address == peer && address[len] == ':');
}

static bool fits_peer(const struct cg_list *list, const struct cg_log_event *event)
{
    for (size_t i = 0; i < list->count; i++)
        if (is_peer(list->item[i], event->peer) || is_address(list->item[i], event))
            return true;
    return list->count == 0;
}

static bool fits_cert(const struct cg_list *list, const struct cg_log_event *event)
{
    char hex[CG_LOG_WORD_MAX];
    for (size_t i = 0; i < list->count; i++) {
        as_hex(list->item[i], hex);
        if (*hex && strcmp(event->serial, without_zeros(hex)) == 0)
            return true;
        if (strlen(hex) >= 6 && strncmp(event->sha256, hex, strlen(hex)) == 0)
            return true;
        if (*list->item[i] && strstr(event->subject, list->item[i]))
            return true;
    }
    return list->count == 0;
}

bool cg_log_filter_fits(const struct cg_log_filter *filter, const struct cg_log_event *event)
{
    char port[16];
    snprintf(port, sizeof port, "%d", event->listener);
    return is_one_of(&filter->reason, event->reason) && is_one_of(&filter->event, event->event) &&
           is_one_of(&filter->listener, port) && is_one_of(&filter->client, event->client_id) &&
           fits_peer(&filter->peer, event) && fits_cert(&filter->cert, event) && event->at_ms >= filter->since_ms &&
           event->at_ms < filter->until_ms;
}

/* "2026-11-23T12:00:00.123Z", "2026-11-23T13:00:00+01:00", "2026-11-23", or "2h" before now; in milliseconds. */
static bool read_time(const char *text, int64_t now, int64_t *ms)
{
    int64_t seconds;
    size_t len = strlen(text);
    if (len && isalpha((unsigned char)text[len - 1]) && cg_duration_parse(text, &seconds)) {
        *ms = now > seconds ? (now - seconds) * 1000 : 0;
        return true;
    }
    if (!has_shape(text, "0000-00-00") || text[10])
        return parse_stamp(text, ms);
    bool ok = cg_time_parse(text, &seconds);
    *ms = ok ? seconds * 1000 : 0;
    return ok;
}

static bool take_time(const char *option, const char *text, int64_t now, int64_t *ms, struct cg_error *err)
{
    if (!text || read_time(text, now, ms))
        return true;
    return cg_fail_text(err,
                        "%s: expected 2026-11-23, 2026-11-23T12:00:00Z or a time before now such as " CG_DURATION_WORDS
                        ", found \"%s\"",
                        option, text);
}

bool cg_log_filter_times(struct cg_log_filter *filter, const char *since, const char *until, int64_t now,
                         struct cg_error *err)
{
    filter->since_ms = CG_LOG_EVER;
    filter->until_ms = CG_LOG_NO_END;
    return take_time("--since", since, now, &filter->since_ms, err) &&
           take_time("--until", until, now, &filter->until_ms, err);
}
