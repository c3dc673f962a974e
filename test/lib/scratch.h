/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A scratch folder for the files of one test; one is open at a time. The strings that the functions return belong to this
 * module. Errors of the file system end the program with a message, so callers need no checks. Needs neither cmocka nor
 * OpenSSL. Called by unit tests, from one thread. */
#ifndef CG_TEST_SCRATCH_H
#define CG_TEST_SCRATCH_H

/* Makes LABEL-XXXXXX with mode 0700 below $CG_TEST_TMP, or below /tmp if that is not set or is longer than 200 characters.
 * Returns the path, which is valid until the folder is closed. */
const char *cg_scratch_open(const char *label);
const char *cg_scratch_folder(void); /* the same path */
/* Removes the folder and its content. */
void cg_scratch_close(void);

/* The path of a name in the folder, valid until the eighth call after this one. */
const char *cg_scratch_path(const char *name);
/* Writes the text in place: an existing file keeps its inode and mode. Returns the path, as above. */
const char *cg_scratch_write(const char *name, const char *text);
/* Removes a file or a folder with its content, if it exists. */
void cg_scratch_remove(const char *name);

#endif
