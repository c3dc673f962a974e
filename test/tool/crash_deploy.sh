#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The tool is killed before every call that changes a file while it deploys: at no moment a reader of the folder finds a key
# and a certificate that do not belong together, and the next run brings out what is live.
unset CDPATH
. "$(dirname "$0")/lib.sh"
. "$here/crash_lib.sh"

# as earlier versions left it
plain()
{
    for file in privkey.pem cert.pem chain.pem fullchain.pem; do
        cp --remove-destination "$(readlink -f "$1/$file")" "$1/$file"
    done
    rm -r "$1/.certguard"
}

# A folder of its own for what runs beside others. Nothing serves it, so rotate ends by going back.
deployed()
{
    base=base-$1
    target=$work/$1
    cp -a base "$base"
    ok cg -C "$base" issue broker two.lan --to "$target"
    [ "$2" = links ] || plain "$target"
    mv "$target" "$target.base"
}

# a folder that comes to links in this very run, and one that has them
first_half()
{
    (deployed renewed files && walk deploy kill 137 renew two.lan) &&
        (deployed full links && walk deploy-full ENOSPC 1 renew two.lan) &&
        (deployed back links && mv "$target.base" "$target" && ok cg -C "$base" renew two.lan && mv "$target" "$target.base" &&
            walk rollback kill 137 deploy two.lan --rollback)
}

second_half()
{
    (deployed rotated links && end_code=1 && walk rotate kill 137 rotate two.lan --connect 127.0.0.1:1 --timeout 1)
}

both first_half second_half
