# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Renewal over MQTT, a part of test_doctor.sh: what keeps requests from the plugin, access to the topic, and the spool.
topic='$CONTROL/certguard/v1/renew'
spool=$work/spool
renewal() # MEMBERS-OF-RENEWAL [MEMBERS-OF-POLICY]: renewal.json
{
    sed '$d' policy.json >renewal.json
    printf ', "renewal": {"spool": "%s"%s}%s}\n' "$spool" "$1" "${2:-}" >>renewal.json
}
sed "s|$work/policy.json|$work/renewal.json|" good.conf >renewal.conf
renews() # CODE [LINES]: doctor on renewal.conf with these lines in the listener
{
    { cat renewal.conf; printf '%b\n' "${2:-}"; } >fault.conf
    expect "$1" cg --json -v doctor --config fault.conf --user "$me"
}
finds() # ID [LINES]
{
    renews 3 "${2:-}"
    found "$1"
}
not() # ID [LINES]
{
    { cat renewal.conf; printf '%b\n' "${2:-}"; } >fault.conf
    cg --json -v doctor --config fault.conf --user "$me" >out 2>err
    says_not "\"id\":\"$1\""
}
tail -n 1 policy.json | grep -qx '}' || fail "the policy does not end with a bracket"
renewal ''
expect 0 cg doctor --config renewal.conf --user "$me" # the spool does not exist yet

# ---- lines; without renewal they are no fault ----
finds renewal_mount_point "mount_point x/"
not renewal_mount_point "listener 8899 127.0.0.1\nmount_point x/"
for line in "message_size_limit 21847" "message_size_limit 1" "max_packet_size 22000"; do
    case $line in message*) id=renewal_message_limit ;; *) id=renewal_packet_limit ;; esac
    finds $id "$line"
done
for line in "message_size_limit 21848" "message_size_limit 0" "max_packet_size 24576" "max_packet_size 0"; do
    not 'renewal_[mp][a-z]*_limit' "$line"
done
{ cat good.conf; printf 'mount_point x/\nmessage_size_limit 1\nmax_packet_size 100\n'; } >fault.conf
expect 0 cg doctor --config fault.conf --user "$me"

# ---- bridges: a wildcard at the start does not match "$" ----
bridge="connection x\naddress y:8883\nbridge_cafile $work/ca/ca.pem"
while read -r line; do
    finds renewal_bridged "$bridge\n$line"
done <<'END'
topic $CONTROL/# out
topic $CONTROL/certguard/v1/renew both 1
topic $CONTROL/+/v1/# in
topic # out 0 $CONTROL/ x/
topic # in 0 x/ $CONTROL/
topic "" both 0 $CONTROL/certguard/v1/renew x
topic renew/+  both  0  $CONTROL/certguard/v1/
END
while read -r line; do
    not renewal_bridged "$bridge\n$line"
done <<'END'
topic # both
topic # both 2 x/ y/
topic +/certguard/v1/renew both
topic $CONTROL/dynamic-security/# both
topic $SYS/# out
END

# ---- entries of one certificate ----
digest=$(openssl x509 -in ca/live/broker/cert.pem -noout -fingerprint -sha256 | sed 's/.*=//')
issuer=$(openssl x509 -in ca/live/broker/cert.pem -noout -issuer -nameopt rfc2253 | sed 's/issuer=//')
renewal ", \"signers\": [{\"serial\": \"0a0b\", \"issuer\": \"$issuer\", \"note\": \"the CA\"}]" \
    ", \"admin\": [{\"sha256\": \"$digest\"}]"
finds renewal_ends_entry
[ "$(grep -o '"id":"renewal_ends_entry"' out | wc -l)" = 2 ] || fail "not both entries"
says 'renewal.signers: serial a0b, note: the CA'
says "admin: sha256 $(echo "$digest" | tr -d : | tr A-F a-f | cut -c 1-16)"
renewal ", \"signers\": [{\"identity\": \"caretaker\"}]" ", \"admin\": [{\"spki_sha256\": \"$digest\"}]"
not renewal_ends_entry
renewal ''

# ---- acl_file ----
acl() # LINES: a file with them
{
    printf '%s\n' "$@" >acl
    chmod 600 acl
}
acl 'pattern readwrite devices/%u/#'
finds renewal_acl "acl_file $work/acl"
says 'no line lets clients write to the topic'
says "pattern write $topic"
acl 'pattern readwrite devices/%u/#' "pattern write $topic"
not renewal_acl "acl_file $work/acl"
acl "topic write $topic" 'pattern read x' # the policy gives all clients names, and this line is for those without
finds renewal_acl "acl_file $work/acl"
acl 'pattern readwrite devices/%u/#' 'user dev1' "topic write $topic" 'user anna' 'topic x' # only for a device
not renewal_acl "acl_file $work/acl"
acl "pattern write $topic" 'pattern deny $CONTROL/#'
finds renewal_acl "acl_file $work/acl"
says 'line 2 of that file denies the topic'
acl 'topic x'
finds renewal_acl "plugin $work/mosquitto_acl_file.so\nplugin_opt_acl_file $work/acl"
not renewal_acl "plugin $work/other.so\nplugin_opt_acl_file $work/acl"
{ cat good.conf; echo "acl_file $work/acl"; } >fault.conf
expect 0 cg doctor --config fault.conf --user "$me"

# ---- dynamic-security ----
dynsec() # DEFAULT ACL...: its configuration, with a role for administrators and one with the ACLs
{
    default=$1
    shift
    printf '{"defaultACLAccess": {"publishClientSend": %s}, "roles": [{"rolename": "admin", "acls": [
        {"acltype": "publishClientSend", "topic": "$CONTROL/#", "allow": true}]}, {"rolename": "device", "acls": [%s]}]}\n' \
        "$default" "$*" >dynsec.json
}
plugin="plugin $work/mosquitto_dynamic_security.so\nplugin_opt_config_file $work/dynsec.json"
acl_of() # TYPE TOPIC ALLOW
{
    printf '{"acltype": "%s", "topic": "%s", "allow": %s}' "$1" "$2" "$3"
}
for row in "publishClientSend x true" "publishClientSend $topic false" "publishClientReceive $topic true"; do
    # shellcheck disable=SC2086
    dynsec false "$(acl_of $row)"
    finds renewal_dynsec "$plugin"
    says "addRoleACL ROLE publishClientSend '$topic' allow"
done
dynsec false "$(acl_of publishClientSend "$topic" true)"
not renewal_dynsec "$plugin"
dynsec true
not renewal_dynsec "$plugin"
echo '{' >dynsec.json
not renewal_dynsec "$plugin"

# ---- the spool ----
mkdir spool spool/requests spool/answers
chmod 750 spool spool/requests spool/answers
renews 0
spool_has() # WORDS
{
    finds renewal_spool_unusable
    says "$1"
}
for folder in requests answers; do
    chmod 770 spool/$folder
    spool_has "spool/$folder: others than its owner can write to it"
    rmdir spool/$folder && : >spool/$folder
    spool_has "spool/$folder: it is not a folder"
    rm spool/$folder && ln -s /tmp spool/$folder
    spool_has "spool/$folder: it is not a folder"
    rm spool/$folder
    renews 0 # the plugin or the tool will create it
    mkdir -m 750 spool/$folder
done
chmod 777 spool
finds writable_by_all
says "everyone can write to $spool"
chmod 750 spool
if [ "$me" = root ]; then
    chown nobody spool/requests
    spool_has "spool/requests: it does not belong to the broker's user"
    chown root spool/requests
    # the broker is another user: it must be able to create the spool, and to read what the CA writes
    public_scratch
    cp renewal.conf renewal.json "$public_folder" && chmod 644 "$public_folder"/*
    cp ca/ca.pem ca/crl.pem ca/live/broker/fullchain.pem ca/live/broker/privkey.pem "$public_folder"
    sed -i "s|$work/ca/live/broker/|$public_folder/|; s|$work/ca/|$public_folder/|; s|$work/|$public_folder/|" \
        "$public_folder"/renewal.*
    chmod 644 "$public_folder"/*.pem && chmod 600 "$public_folder/privkey.pem" && chown nobody "$public_folder/privkey.pem"
    as_nobody()
    {
        expect 3 cg --json doctor --config "$public_folder/renewal.conf" --user nobody
    }
    as_nobody
    found renewal_spool_unusable
    says "spool: user nobody cannot create it .*; fix: install -d -o nobody -m 0755 $public_folder/spool"
    install -d -o nobody -m 0755 "$public_folder/spool"
    install -d -m 0750 "$public_folder/spool/answers"
    as_nobody
    says 'spool/answers: the broker cannot read it (user nobody)'
    chgrp "$(id -g nobody)" "$public_folder/spool/answers"
    as_nobody
    says_not renewal_spool_unusable
fi

# ---- a spool that nobody empties ----
id=$(printf '%064d' 7)
request() # NAME AGE
{
    touch -d "$2 ago" "spool/$1"
}
request "requests/$id.json" '25 hours'
finds renewal_spool_unread
says "spool: 1, the oldest since"
for file in "answers/$id.json" "requests/$id.answer"; do
    : >"spool/$file"
    not renewal_spool_unread
    rm "spool/$file"
done
request "requests/$id.json" '23 hours'
not renewal_spool_unread
rm "spool/requests/$id.json"
for name in lock ".$id.json" "$id.json.x" "x$id.json" "$id.done"; do request "requests/$name" '3 days'; done
not renewal_spool_unread

# ---- a spool in memory ----
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ -w /dev/shm ]; then
    spool=$(mktemp -d /dev/shm/certguard-test.XXXXXX) && at_end "rmdir $spool"
    chmod 750 "$spool"
    renewal ''
    finds renewal_spool_volatile
    spool=$work/spool
    renewal ''
else
    echo renewal_spool_volatile >>seen
fi
not renewal_spool_volatile

# ---- units on the machine of the CA ----
unit() # CODE
{
    expect "$1" cg --json -v doctor --config renewal.conf --user "$me" --units requests
}
ok cg -C ca -q install-units --config renewal.conf --dir requests
mkdir requests/timers.target.wants
for timer in requests/*.timer; do ln -s "../${timer##*/}" requests/timers.target.wants/; done
unit 0
found requests_not_scheduled
ok cg -C ca -q install-units --config renewal.conf --dir requests --spool spool
unit 3
for starter in timer path; do says "fix: systemctl enable --now certguard-requests.$starter\""; done
mkdir requests/paths.target.wants
ln -s ../certguard-requests.path requests/paths.target.wants/
ln -s ../certguard-requests.timer requests/timers.target.wants/
unit 0
says_not requests_not_scheduled
rm requests/certguard-re[nq]*.* # not the machine of the CA
unit 0
says_not requests_not_scheduled
