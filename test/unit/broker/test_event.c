/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Events as JSON and as text: which fields are written, which are omitted, and that the longest event is one valid line. */
#include "broker/event/event_json.h"
#include "broker/event/json.h"
#include "lib/pki_maker.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1750000000

static cJSON *parse(const struct cg_event *event)
{
    static char line[CG_EVENT_LINE_MAX];
    size_t len = cg_event_json(event, line, sizeof line - 1);
    assert_int_equal(strlen(line), len);
    cJSON *json = cJSON_Parse(line);
    if (!json)
        fail_msg("no JSON: %s", line);
    return json;
}

static const char *text(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : "(none)";
}

static struct cg_conn make_conn(void)
{
    return (struct cg_conn){
        .number = 10,
        .role = CG_ROLE_LISTENER,
        .peer.v4 = {.sin_family = AF_INET, .sin_port = htons(51234), .sin_addr.s_addr = htonl(0xc0000207)},
        .listener = 8883,
        .alert_sent = 45,
        .alert_received = -1,
        .version = "TLSv1.3",
        .cipher = "TLS_AES_256_GCM_SHA384",
    };
}

static void a_rejection_has_all_known_fields(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(NOW);
    cg_pki_make(pki, "ca: ca cn=Home\ndev: issuer=ca cn=dev san=uri:urn:dev:1,dns:a.lan serial=28\n");
    struct cg_conn conn = make_conn();
    struct cg_event event = {.type = CG_EVENT_HANDSHAKE_REJECTED,
                             .at_ms = (int64_t)NOW * 1000 + 7,
                             .reason = CG_REASON_EXPIRED,
                             .detail = "Gone since May.",
                             .conn = &conn,
                             .certificate = cg_pki_cert(pki, "dev")};
    cJSON *json = parse(&event);
    const cJSON *tls = cJSON_GetObjectItem(json, "tls"), *cert = cJSON_GetObjectItem(json, "cert");
    assert_string_equal(text(json, "ts"), "2025-06-15T15:06:40.007Z");
    assert_string_equal(text(json, "conn"), "00000000-a"); /* no hook, no seed */
    assert_string_equal(text(json, "event"), "handshake_rejected");
    assert_string_equal(text(json, "reason"), "expired");
    assert_string_equal(text(json, "rule"), "expired");
    assert_string_equal(text(json, "detail"), "Gone since May.");
    assert_string_equal(text(json, "peer"), "192.0.2.7:51234");
    assert_int_equal(cJSON_GetObjectItem(json, "listener")->valueint, 8883);
    assert_string_equal(text(tls, "version"), "TLSv1.3");
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(tls, "alert"), "code")->valueint, 45);
    assert_string_equal(text(cert, "subject"), "CN=dev");
    assert_string_equal(text(cert, "serial"), "1c");
    assert_int_equal(strlen(text(cert, "sha256")), 64);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(cert, "san")), 2);
    assert_null(cJSON_GetObjectItem(json, "client_id"));
    assert_null(cJSON_GetObjectItem(json, "openssl"));
    cJSON_Delete(json);

    char words[CG_EVENT_TEXT_MAX];
    cg_event_text(&event, words, sizeof words);
    const char *start = "refused 192.0.2.7:51234 on 8883: Gone since May (CN=dev). ";
    assert_memory_equal(words, start, strlen(start));
    assert_non_null(strstr(words, "[expired]"));
    cg_pki_free(pki);
}

static void hostile_names_stay_inside_their_strings(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(NOW);
    cg_pki_make(pki, "dev: cn=a\\x0a{\"\\x22\\x5c san=uri:urn:\\x0a\\x22\\xff\n");
    struct cg_conn conn = make_conn();
    struct cg_event event = {.type = CG_EVENT_CONNECT_DENIED,
                             .reason = CG_REASON_IDENTITY_INVALID,
                             .conn = &conn,
                             .certificate = cg_pki_cert(pki, "dev"),
                             .client_id = "x\n\"},{\"event\":\"ok\"\x7f\xc3"};
    cJSON *json = parse(&event);
    assert_string_equal(text(json, "event"), "connect_denied");
    assert_string_equal(text(json, "client_id"), "x\\x0a\"},{\"event\":\"ok\"\\x7f\\xc3");
    for (const char *c = text(cJSON_GetObjectItem(json, "cert"), "subject"); *c; c++)
        assert_true((unsigned char)*c >= 0x20);
    cJSON_Delete(json);
    cg_pki_free(pki);
}

/* Websocket listeners are IPv6 sockets. */
static void a_mapped_ipv4_peer_is_written_as_ipv4(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"::ffff:192.0.2.7", "192.0.2.7"},
                                          {"192.0.2.7", "192.0.2.7"},
                                          {"::1", "::1"},
                                          {"::ffff:a.lan", "::ffff:a.lan"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_event event = {
            .type = CG_EVENT_CONNECT_DENIED, .reason = CG_REASON_PLAIN_LISTENER, .peer = rows[i][0]};
        cJSON *json = parse(&event);
        assert_string_equal(text(json, "peer"), rows[i][1]);
        cJSON_Delete(json);
    }
}

/* Every text has its maximum length and consists of characters that JSON doubles. */
static void the_worst_case_is_one_whole_line(void **state)
{
    (void)state;
    char recipe[20000] = "dev: subject=", quotes[2001], line[CG_EVENT_LINE_MAX];
    memset(quotes, '"', 2000);
    quotes[2000] = '\0';
    for (int i = 0; i < 20; i++)
        strcat(recipe,
               "/OU=\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22\\x22");
    strcat(recipe, " san=");
    for (int i = 0; i < 20; i++) {
        strcat(recipe, i ? ",uri:" : "uri:");
        for (int k = 0; k < 150; k++)
            strcat(recipe, "\\x22");
    }
    strcat(recipe, "\n");
    struct cg_pki *pki = cg_pki_new(NOW);
    cg_pki_make(pki, recipe);
    struct cg_conn conn = make_conn();
    struct cg_verdict verdict = {.nfindings = CG_FINDINGS_MAX};
    for (int i = 0; i < CG_FINDINGS_MAX; i++)
        verdict.findings[i].reason = CG_REASON_UNKNOWN_CRITICAL_EXTENSION;
    conn.sni = quotes + 1745;
    conn.verdict = &verdict;
    conn.openssl_error = 0x0A000086;
    struct cg_event event = {.type = CG_EVENT_HANDSHAKE_AUDITED,
                             .reason = CG_REASON_EXPIRED,
                             .detail = quotes,
                             .conn = &conn,
                             .certificate = cg_pki_cert(pki, "dev"),
                             .client_id = quotes,
                             .file = quotes,
                             .count = UINT64_MAX / 2,
                             .window_ms = INT64_MAX,
                             .snapshot = UINT64_MAX / 2,
                             .policy = quotes,
                             .anchors = 100000,
                             .crls = 100000,
                             .fix = quotes};
    for (int of_file = 0; of_file < 2; of_file++) {
        event.conn = of_file ? NULL : &conn;
        event.certificate = of_file ? NULL : cg_pki_cert(pki, "dev");
        size_t len = cg_event_json(&event, line, sizeof line - 1);
        cJSON *json = cJSON_Parse(line);
        assert_non_null(json);
        print_message("the longest event has %zu bytes\n", len);
        assert_true(len < CG_EVENT_LINE_MAX - 1);
        assert_string_not_equal(text(json, "fix"), "(none)"); /* the last member fits too */
        cJSON_Delete(json);
    }
    cg_pki_free(pki);
}

/* The path is in the detail and in the fix, and may be long. */
static void the_fix_of_a_file_is_not_cut(void **state)
{
    (void)state;
    char path[300], line[CG_EVENT_LINE_MAX];
    memset(path, 'p', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    struct cg_error err;
    cg_error_set(&err, "%s: user mosquitto may not read it; fix: chgrp mosquitto %s && chmod g+r %s", path, path, path);
    const struct cg_event event = {
        .type = CG_EVENT_SNAPSHOT_REJECTED, .reason = CG_REASON_CRL_INVALID, .detail = err.text};
    (void)cg_event_json(&event, line, sizeof line - 1);
    cJSON *json = cJSON_Parse(line);
    assert_string_equal(text(json, "detail"), err.text);
    cJSON_Delete(json);
}

static void a_buffer_of_any_size_gives_valid_json(void **state)
{
    (void)state;
    struct cg_conn conn = make_conn();
    struct cg_event event = {.type = CG_EVENT_HANDSHAKE_REJECTED, .reason = CG_REASON_EXPIRED, .conn = &conn};
    for (size_t size = 16; size < 900; size++) {
        char *line = malloc(size);
        assert_non_null(line);
        cg_event_json(&event, line, size);
        cJSON *json = cJSON_Parse(line);
        if (!json)
            fail_msg("size %zu: %s", size, line);
        cJSON_Delete(json);
        free(line);
    }
}

static void text_is_cut_at_the_buffer_size(void **state)
{
    (void)state;
    struct cg_event event = {.type = CG_EVENT_CONNECT_DENIED, .reason = CG_REASON_PLAIN_LISTENER, .peer = "192.0.2.1"};
    for (size_t size = 1; size < 400; size++) {
        char *words = malloc(size);
        assert_non_null(words);
        cg_event_text(&event, words, size);
        assert_true(strlen(words) < size);
        free(words);
    }
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (int type = 0; type < CG_EVENT_COUNT; type++)
        assert_non_null(cg_event_name((enum cg_event_type)type));
    assert_string_equal(cg_event_name((enum cg_event_type)CG_EVENT_COUNT), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rejection_has_all_known_fields),
        cmocka_unit_test(hostile_names_stay_inside_their_strings),
        cmocka_unit_test(a_mapped_ipv4_peer_is_written_as_ipv4),
        cmocka_unit_test(the_fix_of_a_file_is_not_cut),
        cmocka_unit_test(the_worst_case_is_one_whole_line),
        cmocka_unit_test(a_buffer_of_any_size_gives_valid_json),
        cmocka_unit_test(text_is_cut_at_the_buffer_size),
        cmocka_unit_test(every_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
