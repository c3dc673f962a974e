/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Prints the manual page or the completions of a shell: certguard_pages man|bash|zsh|fish. It runs at build time; its output is
 * installed. */
#include "base/array.h"
#include "pages.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } pages[] = {{"man", cg_page_man}, {"bash", cg_page_bash}, {"zsh", cg_page_zsh}, {"fish", cg_page_fish}};
    for (size_t i = 0; argc == 2 && i < CG_COUNT(pages); i++)
        if (strcmp(argv[1], pages[i].name) == 0) {
            pages[i].print();
            return fflush(stdout) == 0 ? 0 : 1;
        }
    fprintf(stderr, "certguard_pages man|bash|zsh|fish\n");
    return 64;
}
