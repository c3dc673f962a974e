# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The rows of fixes.sh: faults and their fixes. NAME is a new name in "issue", and the old name in "renew".

use() # ROLE: its extended key usage
{
    case $1 in client) printf '%s' "$CLIENT" ;; *) printf '%s' "$SERVER" ;; esac
}

# shellcheck disable=SC2086
crls=$trust
for w in client server bridge; do
    eku=$(use $w)
    all="$BASE$KU$SAN$eku"
    signed plain-$w home "$all"
    signed sub1 home "$CA"
    signed sub2 sub1 "$CA"
    signed deep sub2 "$all"
    cat deep.pem sub2.pem sub1.pem >deep-$w.pem
    trust='"anchors": "home/ca.pem"'
    by_key chain_too_long $w $w.max_chain deep-$w.pem '"max_chain": 2' '"max_chain": 3'
    by_key too_deep $w $w.max_depth deep-$w.pem '"max_depth": 1' '"max_depth": 2'
    signed large home "$all ext=1.2.3.4=$(printf '%02000d' 0)"
    cat large.pem sub1.pem sub2.pem >large-$w.pem
    by_key chain_too_large $w $w.max_chain_bytes large-$w.pem '"max_chain_bytes": "1KiB"' '"max_chain_bytes": "64KiB"'
    trust=$crls

    signed small-$w home "$all key=rsa1024"
    by_key key_size $w $w.insecure_rsa_min_bits small-$w.pem '' '"insecure_rsa_min_bits": 1024'
    signed big-$w home "$all key=rsa3072"
    by_key key_size $w $w.rsa_max_bits big-$w.pem '"rsa_max_bits": 2048' '"rsa_max_bits": 3072'
    by_key key_algorithm $w $w.key_algorithms big-$w.pem '"key_algorithms": ["ec:P-256"]' '"key_algorithms": ["ec:P-256", "rsa"]'

    by_key lifetime_too_long $w $w.max_lifetime plain-$w.pem '"max_lifetime": "10d"' '"max_lifetime": "400d"'
    by_key too_little_life_left $w $w.min_remaining plain-$w.pem '"min_remaining": "25d"' '"min_remaining": "15d"'
    by_key san_type $w $w.san_required plain-$w.pem '"san_required": ["uri"]' '"san_required": ["uri", "dns"]'
    by_key san_type $w $w.san_allowed plain-$w.pem '"san_allowed": ["dns"]' '"san_allowed": ["dns", "ip"]'
    by_key certificate_policies $w $w.certificate_policies plain-$w.pem \
        '"certificate_policies": {"require_explicit": true}' '"certificate_policies": {}'
    ext='"extensions": [{"oid": "1.2.3.4"'
    by_key extension_missing $w $w.extensions plain-$w.pem "$ext}]" '"extensions": []'
    signed text-$w home "$all ext=1.2.3.4=0c0468657265"
    by_key extension_value $w $w.extensions text-$w.pem "$ext, \"text\": \"there\"}]" '"extensions": []'
    by_key extension_forbidden $w $w.extensions text-$w.pem "$ext, \"forbidden\": true}]" '"extensions": []'
    by_key subject_mismatch $w $w.subject plain-$w.pem '"subject": [{"attribute": "O", "equals": "x"}]' '"subject": []'
done

# ---- the broker's own certificate: a new one, by the command as printed ----

all="$BASE$KU$SAN$SERVER"
signed notclient home "$BASE$KU$SAN$CLIENT"
signed noeku home "$BASE$KU$SAN"
signed anyeku home "$BASE$KU$SAN eku=anyExtendedKeyUsage"
signed noku home "$BASE ku=critical,keyEncipherment$SAN$SERVER"
signed zero home "$all serial=0"
signed critical home "$all ext=critical,1.2.3.5=0500"
signed asca home "$CA$SAN$SERVER"
signed nosan home "$BASE$KU$SERVER"
signed badsan home "$BASE$KU$SERVER san=dns:b*.lan"
signed sha1 home "$all digest=sha1"
signed lax home "bc=critical,CA:FALSE ski=auto$KU$SAN$SERVER"
signed e3 home "$all key=rsa2048-e3"
signed curve home "$all key=p256-explicit"
pki "own: bare days=0..20 $all" "twin: ca cn='Home CA' days=0..20"
signed twins twin "bc=critical,CA:FALSE$KU$SAN$SERVER"
signed v1 home version=1
cp home/live/broker/cert.pem broker.pem && cp home/live/broker/privkey.pem broker.key
signed below broker "$all"
cat below.pem home/live/broker/cert.pem >notca.pem
signed proxied broker "$BASE$KU$SERVER proxy=critical,language:id-ppl-anyLanguage"
cat proxied.pem home/live/broker/cert.pem >proxy.pem
signed short1 home "$CA bc=critical,CA:TRUE,pathlen:0"
signed short2 short1 "$CA"
signed low short2 "$all"
cat low.pem short2.pem short1.pem >pathlen.pem
n=0
for row in untrusted:people/impostor self_signed:own bad_signature:twins wrong_purpose:notclient eku_missing:noeku eku_any:anyeku \
    key_usage:noku bad_serial:zero unknown_critical_extension:critical ca_as_end_entity:asca san_missing:nosan \
    signature_digest:sha1 strict:lax rsa_exponent:e3 ec_parameters:curve not_v3:v1; do
    n=$((n + 1))
    by_command ${row%%:*} server fresh$n ${row#*:}.pem "certguard issue broker NAME"
done
trust='"anchors": "home/ca.pem"' # the CAs below have no CRL
for row in proxy_certificate:proxy not_a_ca:notca path_length:pathlen; do
    by_command ${row%%:*} server ${row#*:} ${row#*:}.pem "certguard issue broker NAME"
done
by_command too_deep server less deep-server.pem "certguard issue broker NAME" '"max_depth": 1'
trust=$crls
by_command key_algorithm server curved big-server.pem "certguard issue broker NAME" '"key_algorithms": ["ec:P-256"]'
by_command key_size server larger small-server.pem "certguard issue broker NAME"
by_command extension_forbidden server bare text-server.pem "certguard issue broker NAME" "$ext, \"forbidden\": true}]"
host="certguard issue broker NAME --san dns:HOST"
by_command san_missing server named nosan.pem "$host"
by_command san_malformed server named2 badsan.pem "$host"
by_command host_mismatch server named3 plain-server.pem "$host" '"names": ["broker.lan"]'
by_key host_mismatch server server.names plain-server.pem '"names": ["broker.lan"]' '"names": []'
signed uri home "$BASE$KU$SERVER san=uri:urn:x"
by_command san_type server named4 uri.pem "$host" '"san_required": ["dns"]'
by_command lifetime_too_long server brief home/live/broker/fullchain.pem "certguard issue broker NAME --lifetime DURATION" \
    '"max_lifetime": "40d"'
by_command lifetime_too_long server broker home/live/broker/fullchain.pem "certguard renew NAME --lifetime DURATION" \
    '"max_lifetime": "40d"'
by_key strict server server.strict lax.pem '' '"strict": false'
by_key eku_missing server server.eku.allow_missing noeku.pem '' '"eku": {"allow_missing": true}'
by_key eku_any server server.eku.allow_any anyeku.pem '' '"eku": {"allow_any": true}'
cp home/live/broker/fullchain.pem stolen.pem
ok cg -q -C home revoke broker
rm -f who.*
by_command revoked server broker stolen.pem "certguard issue broker NAME"

own='"trust": {"anchors": ["home/ca.pem", "public/ca.pem", "far/ca.pem"]}'
by_key untrusted server server.trust.anchors people/impostor.pem '' "$own"
trust='"anchors": ["home/ca.pem", "far/ca.pem"], "crls": "home/crl.pem"'
by_key crl_missing server server.trust.anchors far/live/hub/fullchain.pem '' "$own"
trust=$crls

# ---- the client's certificate ----

new="certguard issue client NAME"
by_command untrusted client c1 people/stranger.pem "$new"
pki "self: bare days=0..20 $BASE$KU$SAN$CLIENT"
by_command self_signed client c2 self.pem "$new"
signed twinc twin "bc=critical,CA:FALSE$KU$SAN$CLIENT"
by_command bad_signature client c3 twinc.pem "$new"
by_command wrong_purpose client c4 plain-server.pem "$new"
by_command wrong_purpose client c4 plain-server.pem "$new-client"
by_command eku_missing client c5 people/printer.pem "$new"
by_command eku_any client c6 people/anyuse.pem "$new"
# the CA knows the name, as after an import: "issue" treats it as another device
made_otherwise() # KIND NAME EXTENSIONS
{
    ok cg -q -C home issue "$1" "$2"
    signed "$2" home "$3"
    cp "$2.pem" "home/live/$2/cert.pem"
    cp "$2.pem" "home/live/$2/fullchain.pem"
    expect 1 cg -q -C home issue "$1" "$2"
}
for row in "eku_missing " "eku_any  eku=anyExtendedKeyUsage"; do
    name=$(printf '%s' "${row%% *}" | tr _ -)
    made_otherwise client "$name" "$BASE$KU$SAN${row#* }"
    by_command "${row%% *}" client "$name" "$name.pem" "certguard renew NAME --as client"
    made_otherwise broker "$name.lan" "$BASE$KU$SAN${row#* }"
    by_command "${row%% *}" server "$name.lan" "$name.lan.pem" "certguard renew NAME --as broker"
done
by_command san_missing client c7 people/nameless.pem "$new"
by_command san_missing client c7 people/nameless.pem "$new-new --san dns:NAME"
signed caclient home "$CA$SAN$CLIENT"
by_command ca_as_end_entity client c8 caclient.pem "$new"
by_command revoked client thief people/thief.pem "$new"
by_command expired client gone people/gone.pem "certguard renew NAME"
by_command too_little_life_left client good2 people/good2.pem "certguard renew NAME" '"min_remaining": "150d"'
by_command lifetime_too_long client good2 people/good1.pem "certguard renew NAME --lifetime DURATION" '"max_lifetime": "100d"'
signed laxc home "bc=critical,CA:FALSE ski=auto$KU$SAN$CLIENT"
by_key strict client client.strict laxc.pem '' '"strict": false'

# ---- the peer of a bridge: its roots are in bridge.trust ----

roots='"anchors": ["home/ca.pem", "far/ca.pem"]'
both="\"trust\": {$roots, \"crls\": [\"home/crl.pem\", \"far/crl.pem\"]}"
one="\"trust\": {$roots, \"crls\": \"home/crl.pem\""
hub=far/live/hub/fullchain.pem
by_key untrusted bridge bridge.trust.anchors $hub '' "$both"
by_key crl_missing bridge bridge.trust.crls $hub "$one}" "$both"
by_key crl_missing bridge bridge.trust $hub "$one}" "$one, \"crl_required\": false}"
by_trust crl_missing bridge trust.crls $hub "$roots, \"crls\": \"home/crl.pem\"" "$roots, \"crls\": [\"home/crl.pem\", \"far/crl.pem\"]" \
    "$roots, \"crls\": [\"home/crl.pem\", \"far/crl.pem\"]"
signed laxb home "bc=critical,CA:FALSE ski=auto$KU$SAN$SERVER"
by_key strict bridge bridge.strict laxb.pem '' '"strict": false'

# ---- CRLs ----

for w in client server; do
    for row in "crl_expired 60" "crl_too_old 3"; do
        ok cg -q -C home --at "$(past ${row#* })" crl
        trust="$crls, \"crl_max_age\": \"2d\""
        by_command ${row% *} $w none plain-$w.pem "certguard crl"
        trust=$crls
    done
    ok cg -q -C home --at "$(past 3)" crl
    [ $w = client ] || by_key crl_too_old server server.trust.crl_max_age plain-server.pem \
        "\"trust\": {$crls, \"crl_max_age\": \"2d\"}" "\"trust\": {$crls, \"crl_max_age\": \"4d\"}"
    by_trust crl_too_old $w trust.crl_max_age plain-$w.pem "$crls, \"crl_max_age\": \"2d\"" "$crls, \"crl_max_age\": \"4d\"" "$crls"
    ok cg -q -C home crl
    [ $w = client ] || by_key crl_missing server server.trust.crls plain-server.pem "\"trust\": {$roots, \"crls\": \"far/crl.pem\"}" \
        "\"trust\": {$roots, \"crls\": [\"far/crl.pem\", \"home/crl.pem\"]}"
    by_trust crl_missing $w trust.crls plain-$w.pem "$roots, \"crls\": \"far/crl.pem\"" \
        "$roots, \"crls\": [\"far/crl.pem\", \"home/crl.pem\"]" "$roots, \"crls\": [\"far/crl.pem\", \"home/crl.pem\"]"
    echo "fix|crl_missing|$w|certguard crl" >>seen # the CRL above is made by it
    echo "log|crl_missing|$w|certguard crl" >>seen
done

# ---- lint ----

# by_lint RULE FILE WORDS FRESH: the rule finds FILE, its fix has the words, and FRESH, which they make, is not found
by_lint()
{
    # shellcheck disable=SC2086
    cg lint --severity notice $2 >out 2>err
    says "($1)"
    grep "^lint|$1|" list | grep -qF "$3" || fail "lint $1: the fix has no \"$3\""
    cg lint --severity notice "$4" >out 2>err
    ! grep -q "($1)" out || fail "lint $1: $3: found again"
    grep "^lint|$1|" list >>seen
}
# rules with the fix "certguard issue"
ok cg -q -C home issue broker plain.lan
plain=home/live/plain.lan/cert.pem
leaf="$BASE$KU$SAN$SERVER"
no_ku="$BASE$SAN$SERVER"
# by_extensions RULE WORDS: of the PKI maker
by_extensions()
{
    signed "lint-$1" home "$2"
    by_lint "$1" "lint-$1.pem" "certguard issue" $plain
}
signed same home "cn='Home CA' bc=critical,CA:FALSE$KU$SAN$SERVER"
for row in not_v3:v1 san_missing:nosan san_malformed:badsan eku_missing:noeku eku_any:anyeku extension_unknown_critical:critical \
    serial_short:zero self_signed_leaf:own named_as_its_ca:same proxy_certificate:proxied; do
    by_lint ${row%%:*} ${row#*:}.pem certguard $plain
done
# shellcheck disable=SC2086
for n in 1 2; do
    signed next$n home "$leaf serial=0x4a5811223344556677$n"
done
by_lint serial_counts_up "next1.pem next2.pem" certguard $plain
by_lint san_missing_client people/nameless.pem "certguard issue client NAME" home/live/c7-new/cert.pem
by_extensions key_usage_unfit "$BASE ku=critical,digitalSignature,keyEncipherment$SAN$SERVER"
by_extensions key_usage_missing "$no_ku"
by_extensions key_usage_no_signature "$no_ku ku=critical,keyAgreement"
by_extensions key_usage_not_critical "$no_ku ku=digitalSignature"
by_extensions key_usage_sign_without_ca "$no_ku ku=critical,digitalSignature,keyCertSign"
by_extensions key_usage_empty "$no_ku ext=critical,2.5.29.15=03020700"
by_extensions der_bit_list "$no_ku ext=critical,2.5.29.15=03020080"
by_extensions der_not_strict "$no_ku ext=critical,2.5.29.15=03020781"
by_extensions der_default "ski=auto aki=auto$KU$SAN$SERVER ext=critical,2.5.29.19=3003010100"
by_extensions pathlen_without_ca "$CA$SAN$SERVER ku=critical,cRLSign bc=critical,CA:TRUE,pathlen:0"
by_extensions extension_malformed "$leaf ext=2.5.29.31=0403"
by_extensions extension_criticality "$leaf ext=critical,1.3.6.1.5.5.7.1.1=3019301706082b06010505073001860b687474703a2f2f612e6c616e"
by_extensions extension_criticality_unusual "$leaf ext=critical,2.5.29.18=30078205612e6c616e"
by_extensions extension_empty "$leaf ext=2.5.29.32=3000"
by_extensions crl_point_empty "$leaf ext=2.5.29.31=3006300481020640"
by_extensions netscape_extension "$leaf ext=2.16.840.1.113730.1.13=160c6d6164652062792068616e64"
by_extensions ski_missing "bc=critical,CA:FALSE aki=auto$KU$SAN$SERVER"
by_extensions aki_missing "bc=critical,CA:FALSE ski=auto$KU$SAN$SERVER"

# a CA certificate issued again with the same name and key: certificates issued before it are still accepted
# by_ca RULE WORDS
by_ca()
{
    pki "ca-faulty: bare cn='CA $1' days=0..20 $2" \
        "ca-fixed: bare cn='CA $1' days=0..20 key=@ca-faulty $CA bc=critical,CA:TRUE,pathlen:0"
    signed ca-leaf ca-faulty "bc=critical,CA:FALSE ski=auto$KU$SAN$CLIENT"
    by_lint "$1" ca-faulty.pem "with the same name and key" ca-fixed.pem
    by_lint "$1" ca-faulty.pem "certguard init" home/ca.pem
    ok cg check --trust ca-fixed.pem --policy lax.json ca-leaf.pem
}
printf '{"trust": {"anchors": "ca-fixed.pem", "crl_required": false}, "client": {"strict": false}}\n' >lax.json
ids='ski=auto aki=auto'
sign=' ku=critical,keyCertSign,cRLSign'
by_ca ca_basic_constraints_missing "$ids$sign"
by_ca ca_basic_constraints_not_critical "$ids$sign bc=CA:TRUE"
by_ca ca_pathlen_missing "$CA"
by_ca ca_key_usage_missing "$ids bc=critical,CA:TRUE"
by_ca ca_key_usage_no_sign "$ids bc=critical,CA:TRUE ku=critical,cRLSign"
by_ca ca_key_usage_no_crl "$ids bc=critical,CA:TRUE ku=critical,keyCertSign"
by_ca ca_ski_missing "$sign bc=critical,CA:TRUE"
by_ca name_constraints_empty "$CA ext=critical,2.5.29.30=3000"
ok cg -q -C narrow init --no-passphrase --name "Narrow CA" --permit-dns home.lan
signed lint-nc home "$CA nc=critical,permitted;URI:https://home.example"
by_lint name_constraints_malformed lint-nc.pem "certguard init --permit-dns DOMAIN" narrow/ca.pem

by_lint expired people/gone.pem "certguard renew NAME" home/live/gone/cert.pem
ok cg -q -C home --at "$(past 60)" crl
cp home/crl.pem lapsed.pem
ok cg -q -C home crl
by_lint crl_expired lapsed.pem "certguard crl" home/crl.pem
ok cg lint home/crl.pem # rules with the fix "certguard crl"
bare() # RULE WORDS: of the PKI maker
{
    pki "$1: crl issuer=home days=0..1 $2"
    by_lint "$1" "$1.pem" "certguard crl" home/crl.pem
}
bare crl_not_v2 version=1
bare crl_number_missing number=none
bare crl_aki_missing aki=none
bare crl_weak_digest digest=sha1
ok cg -q -C home --at "$(past 5)" crl
cp home/crl.pem half.pem
ok cg -q -C home crl --refresh-if 50%
by_lint crl_half_used half.pem "certguard crl --refresh-if 50%" home/crl.pem
ok cg -q -C home issue client unsaid
ok cg -q -C home revoke unsaid --reason keyCompromise
by_reason()
{
    echo "lint|crl_reason_unspecified|file|Name the reason: certguard revoke NAME --reason keyCompromise" >>seen
    cg lint --severity notice home/crl.pem >out
    ! grep -q "(crl_reason_unspecified)" out || fail "lint: certguard revoke with a reason has none"
}
by_reason

# passphrases
openssl pkey -in own.key -aes128 -traditional -passout pass:secret -out old.key 2>err || fail "no old key"
scrypt='openssl pkcs8 -topk8 -scrypt -in FILE -out NEWFILE'
protect() # FILE NEWFILE: the command as printed, with the passphrases that it asks for
{
    # shellcheck disable=SC2046
    $(printf '%s' "$scrypt" | sed "s|NEWFILE|$2|; s|FILE|$1|") -passin pass:secret -passout pass:secret 2>err || fail "$scrypt"
}
protect old.key new.key
by_lint key_old_cipher old.key "$scrypt" new.key
mkdir clear sealed
cp home/ca.pem home/ca/key.pem clear
cp home/ca.pem sealed
protect clear/key.pem sealed/key.pem
by_lint ca_key_in_clear clear "$scrypt" sealed
for row in "key_open_to_all 0644 o-rwx 640" "key_open_to_group 0640 go-rwx 600"; do
    # shellcheck disable=SC2086
    set -- $row
    cp home/live/good1/privkey.pem "open$2"
    chmod "$2" "open$2"
    cp -p "open$2" "closed$2"
    chmod "$3" "closed$2"
    by_lint "$1" "open$2" "chmod $3 FILE" "closed$2"
    [ "$(stat -c %a "closed$2")" = "$4" ] || fail "lint $1: mode $(stat -c %a "closed$2")"
done
