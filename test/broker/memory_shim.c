/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Preloaded into a real broker: makes one allocation fail, chosen by the test at run time. Only those that the plugin
 * or the libraries that it uses ask for: what becomes of the broker without memory is not ours. */
#include "memory_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static struct cg_memory_page *page;

static struct range {
    uintptr_t from, to;
    int whose;
} ranges[8];
static size_t nranges;

static const struct {
    const char *name;
    int whose;
} objects[] = {
    {"mosquitto_certguard.so", CG_MEMORY_OF_PLUGIN},
    {"libcjson.so", CG_MEMORY_OF_PLUGIN},
    {"libssl.so", CG_MEMORY_OF_OPENSSL},
    {"libcrypto.so", CG_MEMORY_OF_OPENSSL},
};

static int note_object(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        if (!strstr(info->dlpi_name, objects[i].name) || nranges == sizeof ranges / sizeof *ranges)
            continue;
        struct range *range = &ranges[nranges++];
        *range = (struct range){.from = UINTPTR_MAX, .whose = objects[i].whose};
        for (int j = 0; j < info->dlpi_phnum; j++) {
            const ElfW(Phdr) *segment = &info->dlpi_phdr[j];
            uintptr_t from = info->dlpi_addr + segment->p_vaddr, to = from + segment->p_memsz;
            if (segment->p_type != PT_LOAD)
                continue;
            range->from = from < range->from ? from : range->from;
            range->to = to > range->to ? to : range->to;
        }
    }
    return 0;
}

__attribute__((constructor)) static void open_page(void)
{
    const char *file = getenv("CG_MEMORY_FILE");
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    page = at == MAP_FAILED ? NULL : at;
    close(fd);
}

static bool fails(const void *caller)
{
    int whose = page ? atomic_load(&page->whose) : 0;
    if (!whose || gettid() != getpid())
        return false;
    if (nranges == 0) /* the plugin is loaded by now */
        dl_iterate_phdr(note_object, NULL);
    for (size_t i = 0; i < nranges; i++)
        if ((ranges[i].whose & whose) && (uintptr_t)caller >= ranges[i].from && (uintptr_t)caller < ranges[i].to)
            return atomic_fetch_add(&page->asked, 1) + 1 == atomic_load(&page->fail_at);
    return false;
}

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? none() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? none() : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails(__builtin_return_address(0)) ? none() : __libc_realloc(old, size);
}

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = fails(__builtin_return_address(0)) ? none() : __libc_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}
