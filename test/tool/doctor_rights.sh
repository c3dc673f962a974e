# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Rights on files, a part of test_doctor.sh. As root, the broker's user is a different one.
chmod o+w good.conf
expect 3 cg --json doctor --config good.conf --user "$me"
found writable_by_all
chmod o-w good.conf
# a reported command works for every path, and does nothing else
odd="$work/a; touch PWNED; b's"
mkdir "$odd"
cp ca/ca.pem "$odd/"
chmod 666 "$odd/ca.pem"
sed "s|^cafile .*|cafile $odd/ca.pem|" good.conf >odd.conf
run_fix() # COMMAND: runs the command that doctor reports for odd.conf and that starts with these words
{
    expect 3 cg doctor --config odd.conf --user "$me"
    sed -n "s|.*; fix: \\($1 .*\\)|\\1|p" out | head -n 1 >fix.sh
    [ -s fix.sh ] || fail "no command starts with: $1"
    sh fix.sh || fail "it fails: $(cat fix.sh)"
    [ ! -e PWNED ] || fail "it runs another command: $(cat fix.sh)"
}
run_fix 'chmod o-w'
[ "$(stat -c %a "$odd/ca.pem")" = 664 ] || fail "the command did not do what it says"
chmod 644 "$odd/ca.pem"
sed "s|\"$log\"|\"$odd/new/events.jsonl\"|" policy.json >odd.json
sed "s|$work/policy.json|$work/odd.json|" good.conf >odd.conf
run_fix 'install -D -m 0640 -o'
[ -f "$odd/new/events.jsonl" ] || fail "the command did not do what it says"
sed "s|\"$work/state\"|\"$odd/new2/state\"|" policy.json >odd.json
run_fix 'install -d -o'
[ -d "$odd/new2/state" ] || fail "the command did not do what it says"
# no command is reported if none works
if [ "$me" = root ] && mkdir bound && cp ca/ca.pem ca/live/broker/*.pem bound/ && chmod 666 bound/ca.pem && chmod 644 bound/privkey.pem &&
    unshare -m true 2>/dev/null; then
    sed "s|^cafile .*|cafile $work/bound/ca.pem|; s|$work/ca/live/broker/|$work/bound/|" good.conf >bound.conf
    sed -e "s|\"$log\"|\"$work/bound/events.jsonl\"|" -e "s|\"$work/state\"|\"$work/bound/state\"|" \
        policy.json >bound.json
    sed -i "s|$work/policy.json|$work/bound.json|" bound.conf
    cat >bound.sh <<END
mount --bind bound bound && mount -o remount,bind,ro bound || exit 77
exec "$CERTGUARD" doctor --config bound.conf --user $me
END
    unshare -m sh bound.sh >out 2>err
    [ $? -ne 77 ] || cp /dev/null out
    if [ -s out ]; then
        says 'everyone can write to .*; its file system is mounted read-only.*defaultMode'
        says 'private key: mode 0644.*read-only.*defaultMode'
        says 'cannot write to it; its file system is mounted read-only'
        says 'cannot create it .*; its file system is mounted read-only'
        says_not 'fix: chmod\|fix: install'
    fi
fi
if [ "$me" = root ]; then
    public_scratch
    other=$public_folder
    mkdir "$other/closed"
    cp -L ca/live/broker/fullchain.pem ca/live/broker/privkey.pem "$other/closed/"
    sed "s|$work/ca/live/broker/|$other/closed/|" good.conf >"$other/a.conf"
    chmod 640 "$other/a.conf" "$other/closed/privkey.pem"
    chmod 700 "$other/closed"
    expect 3 cg --json doctor --config "$other/a.conf" --user nobody
    found file_unreadable
    mkdir -m 700 "$other/cas"
    { cat "$other/a.conf"; echo "capath $other/cas"; } >"$other/b.conf"
    expect 3 cg --json doctor --config "$other/b.conf" --user nobody
    says "$other/cas: user nobody may not read it; fix: "
    expect 3 cg --json doctor --config "$other/a.conf" --user nobody
    found config_unreadable
    found plugin_unreadable
    says "user nobody may not enter the folder $other/closed"
    # --fix gives a key that everyone may read to the broker's group, so that the broker can still read it
    chmod 755 "$other/closed"
    chmod 644 "$other"/closed/* "$other/a.conf"
    expect 3 cg doctor --config "$other/a.conf" --user nobody --fix --yes
    [ "$(stat -c %a:%G "$other/closed/privkey.pem")" = "640:$(id -gn nobody)" ] || fail "the key is not the broker's"
    # keys TITLE MODE GROUP: mode and group of the key after --fix
    keys()
    {
        expect 3 cg doctor --config "$other/a.conf" --user nobody --fix --yes
        [ "$(stat -c %a:%g "$other/closed/privkey.pem")" = "$2:$3" ] || fail "$1: $(stat -c %a:%g "$other/closed/privkey.pem")"
    }
    open_key()
    {
        chown root:"${1:-0}" "$other/closed/privkey.pem"
        chmod 644 "$other/closed/privkey.pem"
    }
    open_key
    sed -i "s|$other/closed/|$other/./closed/|" "$other/a.conf"
    keys "a key by another name of its path" 640 "$(id -g nobody)"
    mkdir "$other/links"
    ln -s ../closed/privkey.pem ../closed/fullchain.pem "$other/links/"
    sed -i "s|$other/./closed/|$other/links/|" "$other/a.conf"
    open_key
    keys "a key behind a link" 640 "$(id -g nobody)"
    open_key 2
    keys "a key that a group was given" 644 2
    open_key
    if setfacl -m u:1:r "$other/closed/privkey.pem" 2>/dev/null; then
        keys "a key with an ACL" 644 0
        setfacl -b "$other/closed/privkey.pem"
    fi
    open_key
    sed -i 's|^keyfile .*|# &|' "$other/a.conf"
    keys "a key that the configuration does not name" 644 0
    sed -i 's|^# keyfile|keyfile|' "$other/a.conf"
    # systemd starts the broker as a different user than the configuration names
    start="ExecStart=/usr/sbin/mosquitto -c $other/a.conf"
    echo 'user daemon' >>"$other/a.conf"
    # unit TITLE MODE GROUP LINES [DROP-IN]: mode and group of the key after --fix, if this unit starts the broker
    unit()
    {
        open_key
        rm -rf "$other/units" && mkdir -p "$other/units/mosquitto.service.d"
        printf '[Unit]\nUser=root\n[Service]\n%b\n' "$4" >"$other/units/mosquitto.service"
        [ -z "${5:-}" ] || printf '[Service]\n%b\n' "$5" >"$other/units/mosquitto.service.d/10-user.conf"
        expect 3 cg doctor --config "$other/a.conf" --units "$other/units" --fix --yes
        [ "$(stat -c %a:%g "$other/closed/privkey.pem")" = "$2:$3" ] || fail "$1: $(stat -c %a:%g "$other/closed/privkey.pem")"
    }
    theirs=$(id -g nobody)
    unit "a user of the unit" 640 "$theirs" "User=nobody\n$start"
    unit "a user of a drop-in" 640 "$theirs" "$start" "User = nobody"
    unit "a user by number" 640 "$theirs" "User=$(id -u nobody)\n$start"
    unit "the last user" 640 "$theirs" "User=daemon\n$start" "User=nobody"
    unit "a group of the unit" 640 1 "User=nobody\nGroup=1\n$start"
    unit "root becomes the user of the configuration" 640 "$(id -g daemon)" "User=root\n$start"
    unit "a user that is reset" 640 "$(id -g daemon)" "User=nobody\n$start" "User="
    for unknown in "$start\nDynamicUser=yes" "User=no-such-user\n$start" "User=nobody\nExecStart=+${start#*=}" \
        "User=nobody\nExecStart=/usr/sbin/mosquitto -c /etc/hosts" "User=nobody" "User=nobody\nGroup=no-such-group\n$start"; do
        unit "an unknown user starts the broker: $unknown" 644 0 "$unknown"
        says 'Name it with --user'
    done
    unit "a command over two lines" 640 "$theirs" "User=nobody\nExecStart=/usr/sbin/mosquitto \\\\\n -c $other/a.conf"
    # a group that the unit adds
    sed -i "s|$other/links/|$other/closed/|" "$other/a.conf"
    unit "a key that a group of the unit reads" 640 "$theirs" "User=nobody\n$start"
    chown root:2 "$other/closed/privkey.pem"
    cg --json doctor --config "$other/a.conf" --units "$other/units" >out 2>err || :
    says 'privkey.pem: user nobody may not read'
    echo 'SupplementaryGroups=1 2' >>"$other/units/mosquitto.service"
    cg --json doctor --config "$other/a.conf" --units "$other/units" >out 2>err || :
    says_not 'privkey.pem: user nobody may not read'
fi
