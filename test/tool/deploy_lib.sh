# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# What the tests of deployed folders look at; sourced after lib.sh.

# in_step FOLDER: what a reader finds there belongs together
in_step()
{
    openssl x509 -in "$1/fullchain.pem" -noout -pubkey >cert.pub || fail "$1: no certificate"
    openssl pkey -in "$1/privkey.pem" -pubout | cmp -s - cert.pub || fail "$1: the key is another one's"
    cmp "$1/cert.pem" "$1/fullchain.pem" >cmp.out 2>&1
    grep -q differ cmp.out && fail "$1: cert.pem and fullchain.pem differ"
    return 0
}

# holds FOLDER NAME GENERATION
holds()
{
    for file in privkey.pem cert.pem chain.pem fullchain.pem; do
        cmp -s "$1/$file" "ca/archive/$2/$3/$file" || fail "$1: $file is not that of $2 generation $3"
    done
}
