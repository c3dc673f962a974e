#!/bin/sh
# The runner of the external suites detects errors: sh check_runner.sh RUN_SUITE. Replacements for the tool return the same
# verdict for every case, print nothing, or are missing; a replacement for the suite lacks cases.
set -eu
. "$(dirname "$0")/../lib/harness.sh"
at_failure=continue
show_failure() { cat out; }
begin
cat >small.jsonl <<'END'
{"id": "good", "expected": "accept"}
{"id": "bad", "expected": "reject"}
{"id": "debatable", "expected": "reject", "soft": true}
END
echo '{}' >small.json

# tool NAME LINE...: makes a program that prints these lines
tool() {
    name=$1
    shift
    { echo '#!/bin/sh'; printf "echo '%s'\n" "$@"; } >"$name"
    chmod +x "$name"
}
tool right 'good accept ok' 'bad reject expired' 'debatable reject expired'
tool lax 'good accept ok' 'bad accept ok' 'debatable accept ok'
tool harsh 'good reject expired' 'bad reject expired' 'debatable reject expired'
tool silent ''
tool half 'good accept ok'

# expect STATUS TOOL COUNT TITLE
expect() {
    status=0
    "$run" "$scratch/$2" "$scratch" small.jsonl small "$3" >out 2>&1 || status=$?
    if [ "$status" = "$1" ]; then echo "ok: $4"; else fail "$4: expected exit $1, got $status"; fi
}
run=$1
expect 0 right 3 "correct verdicts pass"
expect 1 lax 3 "a tool that accepts everything fails"
expect 1 harsh 3 "a tool that rejects everything fails"
expect 1 silent 3 "a tool without output fails"
expect 1 half 3 "a tool with a verdict for only some cases fails"
expect 1 missing 3 "a missing tool fails"
expect 1 right 4 "a suite with too few cases fails"
echo 'bad accept for the test' >small.exceptions
expect 1 right 3 "an exception for a case that does not differ fails"
echo 'nosuchcase accept for the test' >small.exceptions
expect 1 right 3 "an exception for an unknown case fails"
