#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Whose libssl a program has, on musl: its dynamic sections hold distances where glibc's hold addresses, and it binds calls
# without regard to versions. There is no OpenSSL for musl here: stand-ins have its names. Skipped (77) without musl-gcc.
set -eu
unset CDPATH
. "$(dirname "$0")/../../lib/harness.sh"
command -v musl-gcc >/dev/null || skip "no musl-gcc (sh tools/install-deps test)"
begin
at_failure=continue
unit=$CG_SOURCE_DIR/test/unit/tls plugin=$CG_SOURCE_DIR/plugin

# Of the system's headers OpenSSL's alone, in the two folders that Debian has them in: the others are glibc's.
include=${CG_OPENSSL_INCLUDE:-/usr/include}
mkdir common machine
ln -s "$include/openssl" common/openssl
ln -s "$include/$(musl-gcc -print-multiarch)/openssl" machine/openssl

compile() {
    musl-gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fPIC -Icommon -Imachine -I"$plugin" -Wl,-rpath,"$scratch" "$@"
}
library() { # FILE SOURCE...
    file=$1
    shift
    compile -shared -Wl,-soname,"$file" -o "$file" "$@"
}
program() { # FILE ARGUMENT...
    file=$1
    shift
    compile -o "$file" "$unit/libssl_program.c" -Wl,--no-as-needed "$@"
}

for version in 3 4; do
    library libssl.so.$version "$unit/libssl_stand_in.c"
    library libwebsockets.so.$version "$unit/libssl_websockets.c" -Wl,--no-as-needed libssl.so.$version
done
# The plugin names libssl.so.3.
echo '{ global: libssl_probe; local: *; };' >exports
library probe.so "$unit/libssl_probe.c" "$plugin/tls/openssl/libssl.c" "$plugin/core/base/error.c" "$plugin/core/base/text.c" libssl.so.3 \
    -Wl,--version-script=exports,-z,defs
program same -DWITH_LIBSSL libssl.so.3
program none
program other -DWITH_LIBSSL libssl.so.4
program websockets_same -DWITH_LIBSSL libssl.so.3 libwebsockets.so.3
program websockets_other -DWITH_LIBSSL libssl.so.3 libwebsockets.so.4

# says PROGRAM TEXT [PRELOADED]: the whole answer
says() {
    got=$(LD_PRELOAD="${3:-}" "./$1" "$scratch/probe.so" 2>&1) || : # an exit code of 1 is a refusal
    if [ "$got" = "$2" ]; then
        echo "ok: $1${3:+ with $3}"
    else
        fail "$(printf '%s%s\n  expected: %s\n  got:      %s' "$1" "${3:+ with $3}" "$2" "$got")"
    fi
}
another() { # WHO [ITS LIBSSL, OURS]
    echo "0 TLS hook: $1 uses $scratch/${2:-libssl.so.4} for TLS, but certguard is linked with" \
        "$scratch/${3:-libssl.so.3} and cannot check those connections; install the certguard that was built for the broker's OpenSSL"
}
says same "1 "
says none "0 TLS hook: the broker uses no shared libssl (it was built without TLS, or statically), so certguard would have \
no effect; use a Mosquitto that is linked with the shared libssl"
says other "$(another "the broker")"
# what is loaded first gets all calls, ours too, whatever was asked for
says same "$(another "the broker" libssl.so.3 libssl.so.4)" "$scratch/libssl.so.4"
says websockets_same "1 "
says websockets_other "$(another "$scratch/libwebsockets.so.4")"
