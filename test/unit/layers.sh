#!/bin/sh
# The layers hold: broker -> tls -> core, tools -> core, and the core keeps its promises.
#   layers.sh SOURCE_DIR [PLUGIN.so TOOL]
set -u
unset CDPATH
cd "$1" || exit 2
bad=0

# refuse WHAT PATTERN FILES...: no line of the files may match.
refuse() {
    what=$1 pattern=$2
    shift 2
    [ $# -gt 0 ] || { echo "no files for: $what"; bad=1; return; }
    hits=$(grep -nE "$pattern" "$@" /dev/null)
    [ -z "$hits" ] || { printf '%s:\n%s\n' "$what" "$hits"; bad=1; }
}

core=$(find plugin/core -name '*.[ch]')
tls=$(find plugin/tls -name '*.[ch]')
broker=$(find plugin/broker -name '*.[ch]')
tools=$(find tools -name '*.[ch]')
# the CA is a library; of what is called so, three stand between it and the command line
ca=$(find tools \( -name 'ca_*.[ch]' -o -name 'target*.[ch]' -o -name 'deploy.[ch]' -o -name 'generation.[ch]' \
    -o -name 'renewal.[ch]' -o -name 'rotat*.[ch]' -o -name 'folder.[ch]' -o -name 'file_set.[ch]' \) \
    ! -name 'ca_cli.[ch]' ! -name 'ca_order.[ch]' ! -name 'ca_passphrase.[ch]')

# shellcheck disable=SC2086
{
    refuse "the core includes a layer above it" '#include "(\.\./)?(tls|broker|tools)/' $core
    refuse "the core knows libssl or Mosquitto" '#include <(openssl/ssl|mosquitto)' $core
    refuse "the core prints or exits" '[^a-z_](printf|puts|fprintf|exit|abort)\(' $core
    refuse "the core reads the clock" '[^a-z_](time|clock_gettime|gettimeofday|localtime)\((NULL|CLOCK|&)' $core
    refuse "tls knows Mosquitto or the broker layer" '#include (<mosquitto|"(\.\./)?broker/)' $tls
    refuse "the broker layer signs" '[^a-z_](X509_sign|X509_CRL_sign|X509_REQ_sign)' $core $broker
    refuse "the CA knows the command line" \
        '#include "(cli|exit_code|help|output|place_options|print|tty|values|verbs)\.h"|struct cg_cli\>|CG_EXIT_' $ca
    refuse "the CA prints or exits" '[^a-z_](printf|puts|putchar|perror|exit|abort)\(|[( ](stdout|stderr)\>' $ca
    refuse "the tool includes the plugin's upper layers" '#include ("(\.\./)?(plugin/)?(tls|broker)/|<mosquitto_(broker|plugin))' $tools
}

# Moments are 64 bits, whatever time_t has: dates are reckoned in one place. Times of files and of the system's own calls
# need none of these names.
# shellcheck disable=SC2086
refuse "a date is reckoned outside moment.c" \
    '[^a-z_](time_t|struct tm|timegm|mktime|gmtime(_r)?|localtime(_r)?|strptime|strftime|difftime)\>' \
    $core $tls $broker $tools
# shellcheck disable=SC2086
refuse "OpenSSL reckons with time_t" \
    '\<(X509_cmp_(current_time|time|timeframe)|X509_time_adj(_ex)?|X509_gmtime_adj|X509_VERIFY_PARAM_set_time|ASN1_(UTC|GENERALIZED)?TIME_(set|adj|cmp_time_t|to_tm|diff))\>' \
    $core $tls $broker $tools

# Text that others wrote goes to the terminal by print.c: the verbs have no printf of strings.
# shellcheck disable=SC2046
refuse "a verb prints past print.c" '[^a-z_]f?printf\((stderr|stdout|"[^"]*%[-.*0-9]*s)' \
    $(find tools -name '*.c' ! -name print.c ! -name pages.c ! -name help.c ! -name log_view.c \
        ! -name status_view.c ! -name tty.c ! -name main.c ! -name verb_install_units.c)

# The frame of the command gets its verbs from main: it can be read, and used, without any of them.
# shellcheck disable=SC2046
refuse "the frame of the command knows a verb" '#include "(verbs|verb_[a-z_]*)\.h"|[^a-z_]cg_verbs\>' \
    $(find tools -name 'cli.[ch]' -o -name 'help.[ch]' -o -name 'output.[ch]' -o -name 'print.[ch]' -o -name 'tty.[ch]' \
        -o -name 'values.[ch]')

# Files are read in one place of the core.
# shellcheck disable=SC2046
refuse "the core opens files outside file.c" '[^a-z_](open|fopen|opendir|scandir)\(' \
    $(find plugin/core -name '*.[ch]' ! -name 'file.[ch]')

# No file of the core includes one that includes it back, however long the way round. File and header of a name are one.
ring=$(for file in $core; do
    unit=$(basename "${file%.*}")
    sed -n 's/^#include "\(.*\/\)\{0,1\}\([a-z0-9_]*\)\.h"$/\2/p' "$file" | grep -vx "$unit" | sed "s/^/$unit /"
done | tsort 2>&1 >/dev/null)
[ -z "$ring" ] || { printf 'the core includes in a ring:\n%s\n' "$ring"; bad=1; }

if [ $# -gt 1 ]; then
    exported=$(nm -D --defined-only "$2" | awk '$2 ~ /[TDBRVW]/ { print $3 }' | grep -v '^__' | sort | tr '\n' ' ')
    [ "$exported" = "mosquitto_plugin_cleanup mosquitto_plugin_init mosquitto_plugin_version " ] ||
        { echo "the plugin exports: $exported"; bad=1; }
    readelf -d "$2" | grep -q NODELETE || { echo "the plugin is not linked with -z nodelete"; bad=1; }
    # What the broker's image has without us; libgcc_s is not among it. glibc's C library is libc.so.6, musl's libc.so or
    # libc.musl-x86_64.so.1.
    libraries='libssl\.so\.[34]|libcrypto\.so\.[34]|libcjson\.so\.1|libc(\.musl-.*)?\.so(\.[0-9]+)?|libpthread\.so\.0|ld-linux.*'
    # needs WHAT FILE OTHERS: the shared objects that it names; a sanitizer's run time is the build's own wish
    needs() {
        needed=$(readelf -d "$2" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
            grep -vE "^($libraries|$3)\$" | grep -vE '^lib(asan|ubsan|tsan)\.so')
        [ -z "$needed" ] || { echo "$1 needs: $needed"; bad=1; }
    }
    needs "the plugin" "$2" ''
    needs "the tool" "$3" 'libz\.so\.1|libmosquitto\.so\.1'
fi
[ "$bad" = 0 ] && echo "the layers hold"
exit "$bad"
