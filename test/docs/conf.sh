#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# conf/container and conf/kubernetes: their syntax, and that their parts fit together (conf.py); that plugin and tool can be
# configured from what the Dockerfile copies, with its commands; and that they need no library that the image lacks.
. "$(dirname "$0")/../lib/harness.sh"
at_failure=continue
unset CDPATH
source=$(cd "$here/../.." && pwd) || exit 1
dockerfile=$source/conf/container/Dockerfile
begin

# ---- YAML, and what it names ----
if python3 -c 'import yaml' 2>/dev/null; then
    python3 "$here/conf.py" "$source" || fail "see above"

    # each of these faults is found
    copy() {
        rm -rf copy
        mkdir -p copy/conf copy/docs copy/tools
        cp -R "$source/conf/container" "$source/conf/kubernetes" copy/conf/
        cp "$source/docs/container.md" copy/docs/
        cp "$source/tools/install-deps" copy/tools/
    }
    finds() { # FAULT FILE EXPRESSION OF SED
        copy
        sed -i "$3" "copy/conf/$2"
        ! cmp -s "copy/conf/$2" "$source/conf/$2" || { fail "conf.py: $1: nothing to change in $2"; return; }
        if python3 "$here/conf.py" copy >out 2>&1; then fail "conf.py does not find: $1"; fi
        grep -qF "$1" out || fail "conf.py does not report: $1, but: $(cat out)"
    }
    finds "cjson-dev is not installed" container/Dockerfile 's/ cjson-dev//'
    finds "not a list of what is needed" container/Dockerfile.dockerignore 's/^\*$/build/'
    finds "the broker sees the CA" container/compose.yaml 's|- data:/mosquitto/data|- ca:/certguard|'
    finds "the root is writable" container/compose.yaml 's/read_only: true/read_only: false/'
    finds "no volume state" container/compose.yaml 's|- data:/|- state:/|'
    finds "/mosquitto/data/certguard: neither in a volume" container/compose.yaml '/- data:/d'
    finds "is not that of conf/container" container/config/mosquitto.conf 's/^log_dest.*/log_dest stdout/'
    finds 'in more than "server"' container/config/policy.json 's/"cn"/"subject"/'
    finds "another mode than 0440" kubernetes/mosquitto.yaml 's/defaultMode: 0440/defaultMode: 0444/'
    finds "volumeMounts and volumes differ" kubernetes/mosquitto.yaml 's/- name: data$/- name: state/'
    finds "subPath" kubernetes/mosquitto.yaml 's|mountPath: /mosquitto/config|&\n              subPath: policy.json|'
    finds "an item is no key of it" kubernetes/mosquitto.yaml 's/key: tls.key/key: tls.pem/'
    finds "privkey.pem: no such file in its volume" kubernetes/mosquitto.yaml 's/path: privkey.pem/path: key.pem/'
    finds "no secret mosquitto-tls" kubernetes/certificate.yaml 's/secretName: .*/secretName: other/'
    finds "the key is kept" kubernetes/certificate.yaml 's/Always/Never/'
    finds "while parsing" kubernetes/mosquitto.yaml 's/^spec:/spec: [/'
else
    echo "no python3 with the module yaml: YAML files are not checked" >&2
fi

# ---- what the Dockerfile copies is enough for its commands ----
mkdir context
sed -n 's/^!//p' "$dockerfile.dockerignore" | while read -r name; do
    mkdir -p "context/$(dirname "$name")"
    cp -R "$source/$name" "context/$name" || fail "Dockerfile.dockerignore names $name"
done
commands=$(sed -n 's|^RUN cmake |cmake |p' "$dockerfile" | sed "s| /src| $scratch/context|; s| /build| $scratch/build|")
targets=$(echo "$commands" | sed -n 's/.*--target //p')
[ -n "$targets" ] || fail "$dockerfile does not build plugin and tool"
export CMAKE_GENERATOR=Ninja # the image has make, but the machine of the test may not
eval "$(echo "$commands" | sed -n '/ -S /p')" >out 2>&1 || fail "the context of the Dockerfile: $(cat out)"
cmake --build build --target help >help 2>&1
for target in $targets; do
    grep -q "\<$target\>" help || fail "the Dockerfile builds $target, which does not exist"
done

# ---- libraries ----
for file in "${CG_PLUGIN:?}" "${CG_TOOL:?}"; do
    readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' >needed
    [ -s needed ] || fail "$file needs no library"
    # in the image: Alpine's own, cJSON and libmosquitto; libarchive is added
    while read -r library; do
        case $library in
        libc.so* | ld-linux* | libssl.so.* | libcrypto.so.* | libz.so.* | libcjson.so.* | libmosquitto.so.* | libarchive.so.*) ;;
        lib[at]san* | libubsan* | libgcc_s* | libm.so* | libdl.so* | libpthread*) ;; # of a sanitizer, or of an old C library
        *) fail "$file needs $library: the last stage of the Dockerfile must install it" ;;
        esac
    done <needed
done
[ "$failures" = 0 ]
