/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* event_fields FILE KEY...: for each line of an event log, the values of the keys ("tls.version") with tabs between
 * them, "-" for what is not there. Fails on a line that is no JSON object, too long, or has control characters. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 8192

static const cJSON *find(const cJSON *object, const char *key)
{
    char part[64];
    while (object && *key) {
        size_t len = strcspn(key, ".");
        snprintf(part, sizeof part, "%.*s", (int)len, key);
        object = cJSON_GetObjectItemCaseSensitive(object, part);
        key += len + (key[len] == '.');
    }
    return object;
}

static void print_value(const cJSON *value)
{
    if (cJSON_IsString(value))
        printf("%s", value->valuestring);
    else if (cJSON_IsNumber(value))
        printf("%.0f", value->valuedouble);
    else if (cJSON_IsBool(value))
        printf("%s", cJSON_IsTrue(value) ? "true" : "false");
    else if (cJSON_IsArray(value))
        printf("%s", cJSON_IsString(value->child) ? value->child->valuestring : "[]");
    else
        printf("%s", value ? "{}" : "-");
}

static int check_line(const char *line, size_t number)
{
    size_t len = strlen(line);
    if (len < 2 || len >= LINE_MAX_BYTES || line[len - 1] != '\n') {
        fprintf(stderr, "line %zu: no whole line of at most %d bytes\n", number, LINE_MAX_BYTES);
        return 1;
    }
    for (size_t i = 0; i < len - 1; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            fprintf(stderr, "line %zu: a control character\n", number);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    char line[2 * LINE_MAX_BYTES];
    int failed = 0;
    FILE *in = argc > 1 ? fopen(argv[1], "r") : NULL;
    if (!in) {
        fprintf(stderr, "event_fields: FILE KEY..., and FILE must be there\n");
        return 1;
    }
    for (size_t number = 1; fgets(line, sizeof line, in); number++) {
        cJSON *event = cJSON_Parse(line);
        failed |= check_line(line, number);
        if (!cJSON_IsObject(event)) {
            fprintf(stderr, "line %zu is no JSON object: %s", number, line);
            failed = 1;
        }
        for (int i = 2; i < argc; i++) {
            if (i > 2)
                putchar('\t');
            print_value(find(event, argv[i]));
        }
        putchar('\n');
        cJSON_Delete(event);
    }
    fclose(in);
    return failed;
}
