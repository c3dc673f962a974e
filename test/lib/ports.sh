# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Ports for tests that run side by side: looking whether a port is free is not enough, because two tests may look before one of
# them listens. A test takes a block of ports by the lock of a file, which it and all that it starts hold through descriptor 8;
# the kernel gives it back when the last of them ends. ports.c takes blocks by the same files.

ports_first=20000 # below those that the kernel gives to connections; up to 30000, where quickstart's begin
ports_blocks=500
ports_in_block=20

ports_folder=/tmp/certguard-ports.$(id -u)
mkdir -p -m 700 "$ports_folder"
block=$(($(od -An -N2 -tu2 /dev/urandom) % ports_blocks))
for _ in $(seq $ports_blocks); do
    ports_taken=$ports_folder/$block # how many of the block were given
    exec 8>>"$ports_taken"
    flock -n 8 && break
    block=$(((block + 1) % ports_blocks))
    ports_taken=
done
[ -n "$ports_taken" ] || { echo "ports: each block in $ports_folder is locked" >&2; exit 1; }
echo 0 >"$ports_taken"

# Never the same one twice, none that somebody else listens on.
free_port() {
    while read -r given <"$ports_taken" && [ "$given" -lt $ports_in_block ]; do
        echo $((given + 1)) >"$ports_taken"
        p=$((ports_first + block * ports_in_block + given))
        grep -qi ":$(printf '%04X' "$p") " /proc/net/tcp /proc/net/tcp6 2>/dev/null || { echo "$p"; return; }
    done
    echo "ports: no port is left of this test's $ports_in_block" >&2
    return 1
}
