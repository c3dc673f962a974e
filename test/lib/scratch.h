/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A folder in which one test makes its files. All of it is owned here, and one is open at a time: the strings that come
 * back are only lent. A fault of the file system ends the program with words, so that no caller has to look. Needs
 * neither cmocka nor OpenSSL. Called by unit tests, from one thread. */
#ifndef CG_TEST_SCRATCH_H
#define CG_TEST_SCRATCH_H

/* Makes LABEL-XXXXXX for its owner alone, below $CG_TEST_TMP; where that is not set, or longer than 200 characters, below
 * /tmp. The path is good until the close. */
const char *cg_scratch_open(const char *label);
const char *cg_scratch_folder(void); /* the same path */
/* Removes it with all that is in it. */
void cg_scratch_close(void);

/* The path of a name in the folder; good until the eighth call after this one. */
const char *cg_scratch_path(const char *name);
/* Writes the text in place: a file that is there keeps its inode and mode. The path, as above. */
const char *cg_scratch_write(const char *name, const char *text);
/* Removes a file or a folder with all that is in it; that it is not there is no fault. */
void cg_scratch_remove(const char *name);

#endif
