/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "quantity.h"

#include "datetime.h"

#include <stdlib.h>
#include <string.h>

const struct cg_unit cg_units_seconds[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", CG_DAY}, {"w", 7 * CG_DAY}, {0}};
const struct cg_unit cg_units_milliseconds[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {0}};
const struct cg_unit cg_units_bytes[] = {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {0}};

bool cg_quantity_read(const char *text, const struct cg_unit *units, int64_t min, int64_t max, int64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 15)
        return false;
    int64_t number = strtoll(text, NULL, 10);
    while (units->text && strcmp(units->text, text + digits) != 0)
        units++;
    if (!units->text || number > max / units->value || number * units->value < min)
        return false;
    *out = number * units->value;
    return true;
}

const struct cg_unit *cg_quantity_unit(const struct cg_unit *units, int64_t value)
{
    const struct cg_unit *largest = units;
    for (; units->text; units++)
        if (value >= units->value && value % units->value == 0)
            largest = units;
    return largest;
}
