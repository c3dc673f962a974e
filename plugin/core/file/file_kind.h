/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a file is for: it decides who may have access to it. */
#ifndef CG_FILE_KIND_H
#define CG_FILE_KIND_H

enum cg_file_kind {
    CG_FILE_PUBLIC = 0,
    CG_FILE_PRIVATE_KEY, /* refused when others may read it; wiped by cg_bytes_wipe */
    CG_FILE_STATE,       /* refused when others may write it */
    CG_FILE_CRLS, /* may be large: its first bytes and some places must look like PEM or DER before the whole is read */
};

#endif
