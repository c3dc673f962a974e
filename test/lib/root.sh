# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# A Debian in a folder, made once by debootstrap; each run works in a copy, so that none sees what another left. For
# test/package/run and test/systems/run, which have skip (ends with 77) and fail. $root is the folder that is entered.

# own_mounts SCRIPT [ARGUMENT...]: starts the script again where its mounts are its own, and gone with it
own_mounts() {
    [ "$(id -u)" = 0 ] || skip "chroot needs root: run this as root"
    [ -z "${CG_UNSHARED:-}" ] || return 0
    unshare -m true 2>/dev/null || skip "no mount namespaces here"
    exec env CG_UNSHARED=1 unshare -m sh "$@"
}

# make_root FOLDER SUITE ARCHITECTURE [OPTION...]: FOLDER/root, if it is not there; options are debootstrap's
make_root() {
    made=$1 made_suite=$2 made_for=$3
    shift 3
    mkdir -p "$made"
    [ ! -e "$made/root.done" ] || return 0
    command -v debootstrap >/dev/null || skip "no debootstrap: sh tools/install-deps package"
    uri=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Origin: Debian' 'Created-By: Packages' |
        awk '$2 == "main" && $1 !~ /security/ { print $1; exit }')
    [ -n "$uri" ] || skip "no Debian package source is configured"
    # newer suites than the installed debootstrap knows are made as sid is
    script=sid
    [ ! -e "/usr/share/debootstrap/scripts/$made_suite" ] || script=$made_suite
    rm -rf --one-file-system "$made/root"
    debootstrap --variant=minbase --arch="$made_for" "$@" "$made_suite" "$made/root" "$uri" "$script" \
        >"$made/debootstrap.log" 2>&1 || {
        tail -n 5 "$made/debootstrap.log" >&2
        rm -rf --one-file-system "$made/root"
        skip "debootstrap does not work here, see $made/debootstrap.log"
    }
    rm -rf "$made"/root/var/cache/apt/archives/*.deb
    # a mirror that keeps one day's state is as good for a test
    echo 'Acquire::Check-Valid-Until "false";' >"$made/root/etc/apt/apt.conf.d/90mirror"
    touch "$made/root.done"
}

# open_root FOLDER: makes ready what inside enters
open_root() {
    root=$1
    mount -t proc proc "$root/proc" 2>/dev/null || skip "no /proc can be mounted in a root here"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
    [ ! -e /etc/resolv.conf ] || cat /etc/resolv.conf >"$root/etc/resolv.conf"
    [ -c "$root/dev/null" ] && inside sh -c ': >/dev/null' || skip "no usable /dev in a root made by debootstrap here"
}
close_root() {
    umount "$root/proc"
}
# copy_root FOLDER: opens FOLDER/run, a copy of FOLDER/root
copy_root() {
    rm -rf --one-file-system "$1/run"
    cp -a --reflink=auto "$1/root" "$1/run"
    open_root "$1/run"
}
# inside COMMAND...
inside() {
    chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root \
        ${http_proxy:+http_proxy=$http_proxy} ${https_proxy:+https_proxy=$https_proxy} "$@"
}
