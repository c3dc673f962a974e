/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Programs that load the plugin libssl_probe: with the shared libssl, and, built without WITH_LIBSSL, as one whose
 * OpenSSL is linked in, or that has none. Usage: libssl_program_... PLUGIN [WORDS of a refusal] */
#include "libssl_probe.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#ifdef WITH_LIBSSL
#include <openssl/ssl.h>
#endif

int main(int argc, char **argv)
{
    const char *words = argc > 2 ? argv[2] : "";
#ifdef WITH_LIBSSL
    if (!OPENSSL_init_ssl(0, NULL)) /* a use of it: what is not used is not needed */
        return 3;
#endif
    struct cg_error err = {""};
    int (*probe)(struct cg_error *) = NULL;
    void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    void *symbol = plugin ? dlsym(plugin, "libssl_probe") : NULL;
    if (!symbol) {
        fprintf(stderr, "libssl_program: %s\n", argc > 1 ? dlerror() : "which plugin?");
        return 3;
    }
    memcpy(&probe, &symbol, sizeof probe); /* C has no conversion of the two pointers */
    int is = probe(&err);
    printf("%d %s\n", is, err.text);
    return is == (*words == '\0') && strstr(err.text, words) ? 0 : 1;
}
