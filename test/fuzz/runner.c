/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Runs a fuzz target with stored inputs, so that the corpus is a test with every compiler:
 *   fuzz_NAME FILE|FOLDER... */
#include "core/file/file.h"
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define INPUT_MAX ((size_t)16 << 20)

/* Returns 1, the number of inputs. An unreadable file ends the program. */
static size_t run_file(const char *path)
{
    struct cg_bytes bytes;
    struct cg_error err = {""};
    if (!cg_file_read(path, CG_FILE_PUBLIC, INPUT_MAX, &bytes, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    /* A copy of the exact size, so that a sanitizer detects reads beyond the end. */
    uint8_t *exact = malloc(bytes.len ? bytes.len : 1);
    if (!exact)
        abort();
    for (size_t i = 0; i < bytes.len; i++)
        exact[i] = bytes.data[i];
    LLVMFuzzerTestOneInput(exact, bytes.len);
    free(exact);
    cg_bytes_free(&bytes);
    return 1;
}

static size_t run_folder(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    size_t ran = 0;
    for (int i = 0; i < count; i++) {
        char file[4096];
        if (entries[i]->d_name[0] != '.' &&
            snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name) < (int)sizeof file)
            ran += run_file(file);
        free(entries[i]);
    }
    free(entries);
    return ran;
}

int main(int argc, char **argv)
{
    size_t ran = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        ran += stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode) ? run_folder(argv[i]) : run_file(argv[i]);
    }
    printf("%zu inputs\n", ran);
    return ran ? 0 : 1;
}
