#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# renew --from is killed before every call that changes a file; then the disk is full, or read-only, from every such call on. Each
# time the paths lead to a key and a certificate that belong together and that the broker accepts, and the next run ends the renewal.
unset CDPATH
. "$(dirname "$0")/lib.sh"
. "$here/renew_from_lib.sh"
first=1 stride=1
[ -z "${CG_SAMPLE-}" ] || { first=$((CG_SAMPLE % 4 + 1)) && stride=4; }
start_peer
pki "root2: ca cn=Root2 days=-9..900"
new_root root2 root by-root
drop_root root2 root.key drop2

# state WHAT: the pair of the folder is whole, and a broker accepts it
state()
{
    [ ! -e device/cert.pem ] && fail "$1: cert.pem is missing"
    openssl x509 -in device/cert.pem -noout -pubkey >pair.pub || fail "$1: cert.pem"
    openssl pkey -in device/privkey.pem -pubout | cmp -s - pair.pub || fail "$1: key and certificate do not belong together"
    cmp -s device/cert.pem "$old" || cmp -s device/cert.pem "$new" || fail "$1: neither the old nor the new certificate"
    find device -name '*.pem*' ! -type l -perm /007 -name 'priv*' | grep . && fail "$1: others can read a key"
    openssl s_client -connect "localhost:$port" -CAfile device/ca.pem -verify_return_error -cert device/cert.pem \
        -key device/privkey.pem -cert_chain device/chain.pem </dev/null >out 2>err || fail "$1: the broker refuses the pair"
}

# is_ended: nothing is left for another run, which would renew once more
is_ended()
{
    cmp -s device/cert.pem "$new" && ! cmp -s "$old" "$new" && [ -z "$(ls device/.certguard/new)" ]
}

# walk NAME FAULT CODE BASE LAST: BASE is the folder at first; LAST is how a run ends that meets no fault
walk()
{
    at=$first stops=0
    step=$stride
    [ "$2" = kill ] || step=$((3 * stride)) # these differ from a kill by the message alone
    while :; do
        rm -rf device
        cp -a "$4" device
        LD_PRELOAD=$FAULT_SHIM CG_FAULT=$2 CG_FAULT_AT=$at "$CERTGUARD" renew --from "localhost:$port" --timeout 9s device \
            >out 2>err </dev/null
        got=$?
        [ "$got" = "$5" ] && break
        [ "$got" = "$3" ] || fail "$1, $2 at call $at: expected exit $3, got $got"
        case $2 in
        ENOSPC) grep -q "No space left.*Free disk space" err || fail "$1, $2 at $at: no clear message" ;;
        EROFS) grep -q "Read-only file system" err || fail "$1, $2 at $at: no clear message" ;;
        esac
        state "$1, $2 at $at"
        is_ended || expect "$5" renew_from device
        ended "$1, $2 at $at"
        stops=$((stops + 1))
        at=$((at + step))
        [ $at -lt 400 ] || fail "$1 does not come to an end"
    done
    ended "$1, to its end"
    echo "$1, $2: $stops places, from $first each $step"
    [ $stops -gt $((4 / step)) ] || fail "$1: the shim stopped it at $stops places"
}

# ---- the key is made, and the request asked
answers due 1-due "0 0"
answers request 1-pending "60 x"
new_device waiting.base
old=waiting.base/cert.pem new=$old
ended()
{
    state "$1"
    openssl pkey -in device/.certguard/new/privkey.pem -pubout >new.pub || fail "$1: no new key"
    requested
    cmp -s new.pub request.pub || fail "$1: the request has another key"
}
for fault in kill ENOSPC; do
    code=1
    [ $fault != kill ] || code=137
    walk request $fault $code waiting.base 75
done

# ---- the certificate is issued and used, in a folder with loose files and in one with links
cp -a device issued.base
issues
new=next.pem
ended()
{
    cmp -s device/cert.pem next.pem || fail "$1: the new certificate is not in use"
    a_pair device
    [ -z "$(ls device/.certguard/new)" ] || fail "$1: files are left in new"
    state "$1"
}
walk loose kill 137 issued.base 0
walk loose ENOSPC 1 issued.base 0
cp -a device linked.base
old=next.pem.old
cp next.pem $old
rm -rf device && cp -a linked.base device
answers request 1-pending "60 x"
expect 75 renew_from device
rm -rf linked.base && cp -a device linked.base
sleep 1
issues
walk links kill 137 linked.base 0
walk links EROFS 1 linked.base 0

# ---- trust anchors
answers request 1-pending "60 x"
ended()
{
    state "$1"
    openssl storeutl -noout -text -certs device/ca.pem | grep -c Subject: >count
    [ "$(cat count)" = "$wanted" ] || fail "$1: $(cat count) trust anchors"
}
answers due 1-due "0 1"
answers anchor-1 1-anchor-1 @by-root
wanted=2 old=waiting.base/cert.pem new=$old
walk add kill 137 waiting.base 75
rm -rf anchors.base && cp -a device anchors.base
answers anchor-1 1-anchor-1 @drop2
wanted=1
walk drop kill 137 anchors.base 75
[ ! -s peer.err ] || fail "the peer: $(cat peer.err)"
