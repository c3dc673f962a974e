/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "libssl.h"

#include <link.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define OBJECTS_MAX 512

struct object {
    const char *path;       /* "" for the main program */
    const char *soname;     /* "" if it has none */
    const char *needed;     /* the libssl that it names; NULL: none */
    const char *websockets; /* the same of libwebsockets */
};

struct objects {
    struct object item[OBJECTS_MAX];
    size_t count;
    const struct object *self;   /* contains our own code */
    const struct object *called; /* our calls of libssl go there */
};

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool starts_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool contains(const struct dl_phdr_info *info, uintptr_t address)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t start = (uintptr_t)info->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && address >= start && address - start < part->p_memsz)
            return true;
    }
    return false;
}

static const ElfW(Dyn) * dynamic_of(const struct dl_phdr_info *info)
{
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            return (const ElfW(Dyn) *)((uintptr_t)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    return NULL;
}

/* glibc replaces the offset by the address; musl and the kernel leave the offset. */
static const char *strings_of(const struct dl_phdr_info *info, const ElfW(Dyn) * dynamic)
{
    for (; dynamic->d_tag != DT_NULL; dynamic++)
        if (dynamic->d_tag == DT_STRTAB) {
            uintptr_t at = (uintptr_t)dynamic->d_un.d_ptr;
            return (const char *)(contains(info, at) ? at : (uintptr_t)info->dlpi_addr + at);
        }
    return NULL;
}

static int add(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct objects *objects = argument;
    const ElfW(Dyn) *dynamic = dynamic_of(info);
    const char *strings = dynamic ? strings_of(info, dynamic) : NULL;
    (void)size;
    if (objects->count == OBJECTS_MAX)
        return 1;
    struct object *object = &objects->item[objects->count++];
    *object = (struct object){info->dlpi_name ? info->dlpi_name : "", "", NULL, NULL};
    if (contains(info, (uintptr_t)add))
        objects->self = object;
    if (contains(info, (uintptr_t)SSL_new))
        objects->called = object;
    for (; strings && dynamic->d_tag != DT_NULL; dynamic++) {
        const char *text = strings + dynamic->d_un.d_val;
        if (dynamic->d_tag == DT_SONAME)
            object->soname = text;
        else if (dynamic->d_tag == DT_NEEDED && starts_with(text, "libssl.so"))
            object->needed = text;
        else if (dynamic->d_tag == DT_NEEDED && starts_with(text, "libwebsockets.so"))
            object->websockets = text;
    }
    return 0;
}

/* The first object with this name serves all that need it. */
static const struct object *find(const struct objects *objects, const char *needed)
{
    for (size_t i = 1; i < objects->count; i++)
        if (strcmp(objects->item[i].soname, needed) == 0 || strcmp(name_of(objects->item[i].path), needed) == 0)
            return &objects->item[i];
    return NULL;
}

/* The libssl that this object names; NULL if OpenSSL is linked statically. */
static const struct object *named(const struct objects *objects)
{
    return objects->self && objects->self->needed ? find(objects, objects->self->needed) : NULL;
}

/* Compares address and name: glibc binds our calls to the libssl that we name, by symbol versions. musl has no
 * versions and binds each call to the first libssl that has the function, so functions that only ours has would get
 * objects of the other. */
static bool is_ours(const struct objects *objects, const struct object *libssl)
{
    bool names = !objects->self || objects->self->needed;
    return libssl && libssl == objects->called && (!names || libssl == named(objects));
}

static const char *our_path(const struct objects *objects, const struct object *other)
{
    const struct object *ours = named(objects);
    if (!ours || ours == other)
        ours = objects->called;
    return !ours ? "unknown" : ours->path[0] ? ours->path : "the program itself";
}

static bool check_libssl(const struct objects *objects, const struct object *object, const char *what,
                         struct cg_error *err)
{
    const struct object *libssl = object->needed ? find(objects, object->needed) : NULL;
    if (is_ours(objects, libssl))
        return true;
    if (object->needed)
        cg_error_set(err,
                     "TLS hook: %s uses %s for TLS, but certguard is linked with %s and cannot check those "
                     "connections; install the certguard that was built for the broker's OpenSSL",
                     what, libssl ? libssl->path : object->needed, our_path(objects, libssl));
    else
        cg_error_set(err,
                     "TLS hook: %s uses no shared libssl (it was built without TLS, or statically), so certguard would "
                     "have no effect; use a Mosquitto that is linked with the shared libssl",
                     what);
    return false;
}

bool cg_libssl_is_the_brokers(struct cg_error *err)
{
    struct objects objects = {.count = 0};
    dl_iterate_phdr(add, &objects);
    if (objects.count == OBJECTS_MAX) {
        cg_error_set(err, "TLS hook: the broker has loaded %d shared objects or more; load fewer plugins", OBJECTS_MAX);
        return false;
    }
    if (objects.count == 0 || !check_libssl(&objects, &objects.item[0], "the broker", err))
        return false;
    const char *websockets = objects.item[0].websockets;
    const struct object *shared = websockets ? find(&objects, websockets) : NULL;
    if (websockets && !shared) {
        cg_error_set(err, "TLS hook: cannot find the broker's %s among its shared objects; this is a bug", websockets);
        return false;
    }
    return !websockets || check_libssl(&objects, shared, shared->path, err);
}
