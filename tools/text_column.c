/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "text_column.h"

#include "core/text.h"

#include <stdio.h>
#include <string.h>

const char *cg_shown(const char *text, char out[CG_SHOWN_MAX])
{
    cg_text_escape(text, strlen(text), out, CG_SHOWN_MAX);
    return out;
}

void cg_column(const char *text, int width)
{
    char shown[CG_SHOWN_MAX];
    int characters = 0;
    for (const char *c = cg_shown(text, shown); *c; c++)
        characters += ((unsigned char)*c & 0xc0) != 0x80; /* what is no continuation byte begins one */
    printf("%s%*s", shown, (characters < width ? width - characters : 0) + 1, "");
}
