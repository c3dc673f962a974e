/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The unwinder of Debian's gcc is built for glibc and finds the unwind table of an object with _dl_find_object, which musl lacks.
 * This replacement uses dl_iterate_phdr, like the gcc of a system with musl. */
#include <link.h>
#include <stdint.h>
#include <string.h>

/* As in glibc's dlfcn.h */
struct dl_find_object {
    unsigned long long flags;
    void *map_start, *map_end;
    struct link_map *link_map;
    void *eh_frame;
    unsigned long long reserved[7];
};

struct search {
    uintptr_t address;
    struct dl_find_object *out;
};

static struct link_map found_map; /* the unwinder only reads l_addr, immediately */

static int find_table(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct search *search = argument;
    uintptr_t table = 0;
    int inside = 0;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t start = (uintptr_t)info->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_GNU_EH_FRAME)
            table = start;
        inside |= part->p_type == PT_LOAD && search->address >= start && search->address - start < part->p_memsz;
    }
    if (!inside || !table)
        return 0;
    found_map.l_addr = info->dlpi_addr;
    search->out->link_map = &found_map;
    search->out->eh_frame = (void *)table;
    return 1;
}

int _dl_find_object(void *address, struct dl_find_object *out)
{
    struct search search = {(uintptr_t)address, out};
    memset(out, 0, sizeof *out);
    return dl_iterate_phdr(find_table, &search) ? 0 : -1;
}
