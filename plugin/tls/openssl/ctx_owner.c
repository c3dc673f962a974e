/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctx_owner.h"

#include <dlfcn.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <unwind.h>

/* The stack, innermost first: our ex_data callback, libcrypto, libssl, then the caller to find. Our own object cannot
 * simply be skipped: in the unit tests it is the main program. */
struct walk {
    const void *libssl, *main_program;
    bool inside; /* a frame of libssl was seen */
    enum cg_ctx_owner owner;
};

static const void *base_of(uintptr_t address, const char **name)
{
    Dl_info info;
    if (!dladdr((const void *)address, &info))
        return NULL;
    if (name)
        *name = info.dli_fname ? info.dli_fname : "";
    return info.dli_fbase;
}

static bool is_broker_library(const char *path)
{
    static const char *const names[] = {"libwebsockets", "libmosquitto"};
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(file, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static _Unwind_Reason_Code examine_frame(struct _Unwind_Context *frame, void *argument)
{
    struct walk *walk = argument;
    /* a return address may be the first of the next function: step back into the call */
    uintptr_t address = (uintptr_t)_Unwind_GetIP(frame);
    const char *name = "";
    const void *base = address ? base_of(address - 1, &name) : NULL;
    if (!base)
        return _URC_END_OF_STACK;
    if (base == walk->libssl) {
        walk->inside = true;
        return _URC_NO_REASON;
    }
    if (!walk->inside)
        return _URC_NO_REASON;
    walk->owner = base == walk->main_program || is_broker_library(name) ? CG_CTX_OWNER_BROKER : CG_CTX_OWNER_FOREIGN;
    return _URC_END_OF_STACK;
}

enum cg_ctx_owner cg_ctx_owner_of_caller(void)
{
    struct walk walk = {.libssl = base_of((uintptr_t)SSL_CTX_new, NULL),
                        .main_program = base_of(getauxval(AT_ENTRY), NULL)};
    if (walk.libssl && walk.main_program)
        _Unwind_Backtrace(examine_frame, &walk);
    return walk.owner;
}

static void set_owner(void *parent, void *unused, CRYPTO_EX_DATA *data, int index, long zero, void *out)
{
    (void)parent, (void)unused, (void)data, (void)index, (void)zero;
    *(enum cg_ctx_owner *)out = cg_ctx_owner_of_caller();
}

bool cg_ctx_owner_is_known(void)
{
    static enum cg_ctx_owner owner; /* static: another thread that is creating an SSL_CTX may write it later */
    owner = CG_CTX_OWNER_UNKNOWN;
    int index = SSL_CTX_get_ex_new_index(0, &owner, set_owner, NULL, NULL);
    if (index < 0)
        return false;
    SSL_CTX_free(SSL_CTX_new(TLS_method()));
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL_CTX, index);
    return owner != CG_CTX_OWNER_UNKNOWN;
}
