/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin_entry.h"

int mosquitto_plugin_version(int count, const int *versions)
{
    for (int i = 0; i < count; i++)
        if (versions[i] == 5)
            return 5;
    return -1;
}
