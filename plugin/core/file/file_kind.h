/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The purpose of a file. It decides which permissions are acceptable. */
#ifndef CG_FILE_KIND_H
#define CG_FILE_KIND_H

enum cg_file_kind {
    CG_FILE_PUBLIC = 0,
    CG_FILE_PRIVATE_KEY, /* refused if others may read it; wiped by cg_bytes_wipe */
    CG_FILE_STATE,       /* refused if others may write it */
    CG_FILE_CRLS,        /* may be large: samples must look like PEM or DER before the file is read */
};

#endif
