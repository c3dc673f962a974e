# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A Debian root folder, made once by debootstrap. Each run works in a copy, so that runs do not affect each other. For the
# scripts in test/package and test/systems, which define skip (exits with 77) and fail. $root is the folder for inside.

# own_mounts SCRIPT [ARGUMENT...]: restarts the script in its own mount namespace, so that its mounts disappear with it
own_mounts() {
    [ "$(id -u)" = 0 ] || skip "chroot and mount need root: run this script as root"
    [ -z "${CG_UNSHARED:-}" ] || return 0
    unshare -m true 2>/dev/null || skip "cannot make a mount namespace"
    exec env CG_UNSHARED=1 unshare -m sh "$@"
}

# make_root FOLDER SUITE ARCHITECTURE [OPTION...]: makes FOLDER/root if it does not exist; OPTION is for debootstrap
make_root() {
    made=$1 made_suite=$2 made_for=$3
    shift 3
    mkdir -p "$made"
    [ ! -e "$made/root.done" ] || return 0
    command -v debootstrap >/dev/null || skip "no debootstrap; install it with: sh tools/install-deps systems"
    uri=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Origin: Debian' 'Created-By: Packages' |
        awk '$2 == "main" && $1 !~ /security/ { print $1; exit }')
    [ -n "$uri" ] || skip "no Debian package source is configured"
    # the script of sid also works for suites that the installed debootstrap does not know
    script=sid
    [ ! -e "/usr/share/debootstrap/scripts/$made_suite" ] || script=$made_suite
    rm -rf --one-file-system "$made/root"
    debootstrap --variant=minbase --arch="$made_for" "$@" "$made_suite" "$made/root" "$uri" "$script" \
        >"$made/debootstrap.log" 2>&1 || {
        tail -n 5 "$made/debootstrap.log" >&2
        rm -rf --one-file-system "$made/root"
        skip "debootstrap failed; see $made/debootstrap.log"
    }
    rm -rf "$made"/root/var/cache/apt/archives/*.deb
    # an outdated mirror is sufficient for a test
    echo 'Acquire::Check-Valid-Until "false";' >"$made/root/etc/apt/apt.conf.d/90mirror"
    touch "$made/root.done"
}

# open_root FOLDER: prepares it for inside
open_root() {
    root=$1
    mount -t proc proc "$root/proc" 2>/dev/null || skip "cannot mount /proc in $root"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
    [ ! -e /etc/resolv.conf ] || cat /etc/resolv.conf >"$root/etc/resolv.conf"
    [ -c "$root/dev/null" ] && inside sh -c ': >/dev/null' || skip "debootstrap could not make device files in $root/dev"
}
close_root() {
    umount "$root/proc"
}
# copy_root FOLDER: copies FOLDER/root to FOLDER/run and opens the copy
copy_root() {
    rm -rf --one-file-system "$1/run"
    cp -a --reflink=auto "$1/root" "$1/run"
    open_root "$1/run"
}
# inside COMMAND...: runs it in $root; $inside_env has further words NAME=VALUE
inside() {
    # shellcheck disable=SC2086
    enter env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root \
        ${http_proxy:+http_proxy=$http_proxy} ${https_proxy:+https_proxy=$https_proxy} ${inside_env:-} "$@"
}
enter() { chroot "$root" "$@"; }
# make_packages SUITE: builds the Debian packages of this clone for SUITE, or takes those in $CG_PACKAGES. Sets $packages to
# their folder.
make_packages() {
    packages=${CG_PACKAGES:-}
    [ -z "$packages" ] || return 0
    set -- "$(dpkg --print-architecture)" "$1"
    # shellcheck disable=SC1091
    if [ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" = "$2" ]; then
        packages=$PWD/build/package
        sh tools/package
    else
        packages=$PWD/build/package/$1-$2
        sh tools/package "$@"
    fi || fail "tools/package failed"
}
# put_packages: copies them to $root/root/certguard, in their place in the clone, with the guide and its test
put_packages() {
    mkdir -p "$root/root/certguard/build/package"
    tar -c debian/tests docs/home.md test/docs/run_blocks | tar -x --no-same-owner -C "$root/root/certguard"
    find "$packages" -maxdepth 1 -type f -exec cp {} "$root/root/certguard/build/package" \;
}
