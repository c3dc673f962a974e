#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Files of the CA that are lost, empty or cut short: a message that names the file and the way back, and never a worse state.
. "$(dirname "$0")/lib.sh"

printf 'correct horse battery\n' >pass
ok cg -C whole init --passphrase-file pass --intermediate
ok cg -C whole issue client a --passphrase-file pass

# without FILE WORDS COMMAND...: in each of its states the command fails with the words, and changes nothing
without()
{
    file=$1 words=$2
    shift 2
    for state in missing empty half; do
        rm -rf ca before
        cp -a whole ca
        case $state in
        missing) rm "ca/$file" ;;
        empty) : >"ca/$file" ;;
        half) head -c 100 "whole/$file" >"ca/$file" ;;
        esac
        cp -a ca before
        expect 1 cg -C ca "$@"
        says "${file##*/}"
        says "$words"
        says_not "ca init"
        diff -r -x lock --no-dereference before ca >differs || fail "$file $state: $* changed something: $(cat differs)"
    done
}

without ca/key.pem "Restore it from a backup" issue client b --passphrase-file pass
without ca/key.pem "Restore it from a backup" revoke a --passphrase-file pass
without ca/key.pem "Restore it from a backup" crl --passphrase-file pass
without root/key.pem "Restore it from a backup" crl --root --passphrase-file pass
without ca/cert.pem "Restore the file from a backup" issue client b --passphrase-file pass
without ca.pem "Restore the file from a backup" issue client b --passphrase-file pass
without archive/a/0001/cert.pem "a backup\|cert.pem" renew a --passphrase-file pass
# nothing new is made over what is left of a CA
for verb in "init --no-passphrase" "import whole --no-passphrase"; do
    for left in ca/key.pem index.txt; do
        rm -rf ca before
        mkdir -p "before/$(dirname $left)" && cp -p whole/$left before/$left && chmod 700 before && cp -a before ca
        # shellcheck disable=SC2086 # several words
        expect 1 cg -C ca $verb
        says "contains $left of a CA, but the CA.s certificate ca/cert.pem is missing. Restore the file from a backup"
        rm -f ca/lock
        diff -r -x lock --no-dereference before ca >differs || fail "$verb changed what was left: $(cat differs)"
    done
done

# ---- chain.pem is known without the file: lost or damaged, it is made again, and nothing of it gets to a broker ----
head -c 200 whole/ca/cert.pem >cut
for damage in "rm -f" ": >" "echo garbage >" "cat cut >>" "cat whole/ca.pem >>"; do
    rm -rf ca && cp -a whole ca
    eval "$damage ca/chain.pem"
    ok cg -C ca issue client b --passphrase-file pass
    cmp ca/live/b/chain.pem ca/ca/cert.pem || fail "$damage: the chain of what was issued"
    cmp ca/chain.pem ca/ca/cert.pem || fail "$damage: chain.pem"
    ok openssl verify -CAfile ca/ca.pem -untrusted ca/live/b/chain.pem ca/live/b/cert.pem
done
ok cg -C single init --no-passphrase
for damage in "rm -f" "echo garbage >" "cat whole/ca.pem >"; do
    eval "$damage single/chain.pem"
    ok cg -C single issue client "b-${damage%% *}"
    [ -e single/chain.pem ] && [ ! -s single/chain.pem ] && [ ! -s "single/live/b-${damage%% *}/chain.pem" ] ||
        fail "$damage: a CA without another above it has no chain"
done
# a wrong passphrase is no lost file
expect 1 sh -c "echo 'wrong horse battery' >wrong; '$CERTGUARD' -C ca issue client c --passphrase-file wrong"
says "the passphrase is wrong"
says_not "backup"
# a CA that was copied without its links: nothing changes, another name is renewed, and the command in the message repairs it
ok cg -C linked init --no-passphrase
ok cg -C linked issue client one
ok cg -C linked issue client two
ok cg -C linked renew one
cp -rL linked copied
rm -r copied/live/two
ln -s ../archive/two/0001 copied/live/two
mkdir folder # as made by the first versions
cp -a copied/live/one/. folder
cp -r folder folder/current
for kind in link folder; do
    [ $kind = link ] || { rm copied/live/one && cp -r folder copied/live/one; }
    expect 1 cg -C copied renew --all
    says 'Renewed "two"'
    says "one: copied/live/one is not a link .* rm -r copied/live/one && ln -s ../archive/one/0002 copied/live/one"
    [ ! -e copied/pending ] && [ ! -e copied/archive/one/0003 ] || fail "$kind: something was changed"
    eval "$(sed -n 's/.*lost: //p' err)"
    [ "$(readlink copied/live/one)" = ../archive/one/0002 ] || fail "$kind: the command does not repair the name"
done
ok cg -C copied renew one
# after a rollback, it is not the newest generation that was in use
ok cg -C linked deploy one --to folder-of-one
ok cg -C linked deploy one --rollback
rm -rf copied
cp -rL linked copied
expect 1 cg -C copied renew one
eval "$(sed -n 's/.*lost: //p' err)"
[ "$(readlink copied/live/one)" = ../archive/one/0001 ] || fail "the command undoes the rollback"
ok cg -C copied renew one
rm -r copied/live/two
ln -s ../archive/two/0001 copied/live/two
ok cg -C copied issue client current # as the link in the folder of the first versions
ok cg -C copied renew current
consistent copied
echo "done"
