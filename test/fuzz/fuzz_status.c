/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Answers of a broker with any bytes: the views do not crash, and the lines of the metrics have the right format. */
#include "fuzz.h"
#include "status/prometheus.h"
#include "status/view.h"

#include <stdlib.h>
#include <string.h>

static void check_metrics(const cJSON *data)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return;
    cg_prometheus_write(out, data);
    fclose(out);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        if ((strncmp(line, "# ", 2) != 0 && strncmp(line, "certguard_", 10) != 0) || !strchr(line, '\n'))
            abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const views[])(const cJSON *) = {cg_status_show, cg_status_show_sessions, cg_status_show_session,
                                                   cg_status_show_dryrun};
    static FILE *null;
    cJSON *answer = cJSON_ParseWithLength((const char *)data, size);
    if (!null)
        null = freopen("/dev/null", "w", stdout);
    for (size_t i = 0; answer && null && i < sizeof views / sizeof *views; i++)
        views[i](answer);
    if (answer)
        check_metrics(answer);
    cJSON_Delete(answer);
    return 0;
}
