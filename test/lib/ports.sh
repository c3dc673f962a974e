# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Ports for tests that run in parallel. A check that a port is free is not enough: two tests may check it before one of them
# listens. A test reserves a block of ports by locking a file. It and its child processes hold the lock through descriptor 8,
# and the kernel releases it when the last of them ends. ports.c reserves blocks by the same files.

ports_first=20000 # to 29999: below the kernel's ephemeral ports; those of tools/quickstart start at 30000
ports_blocks=500
ports_in_block=20

ports_folder=/tmp/certguard-ports.$(id -u)
mkdir -p -m 700 "$ports_folder"
block=$(($(od -An -N2 -tu2 /dev/urandom) % ports_blocks))
for _ in $(seq $ports_blocks); do
    ports_taken=$ports_folder/$block # holds the number of ports already used in the block
    exec 8>>"$ports_taken"
    flock -n 8 && break
    block=$(((block + 1) % ports_blocks))
    ports_taken=
done
[ -n "$ports_taken" ] || { echo "ports: no free port: all blocks in $ports_folder are locked" >&2; exit 1; }
echo 0 >"$ports_taken"

# free_port: prints a port on which nobody listens; never the same one twice
free_port() {
    while read -r given <"$ports_taken" && [ "$given" -lt $ports_in_block ]; do
        echo $((given + 1)) >"$ports_taken"
        p=$((ports_first + block * ports_in_block + given))
        grep -qi ":$(printf '%04X' "$p") " /proc/net/tcp /proc/net/tcp6 2>/dev/null || { echo "$p"; return; }
    done
    echo "ports: this test has used all of its $ports_in_block ports" >&2
    return 1
}
