/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Stands for a libwebsockets without OpenSSL. */
int libssl_websockets(void);

int libssl_websockets(void)
{
    return 0;
}
