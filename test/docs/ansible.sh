#!/bin/sh
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# The Ansible role: ansible.sh SOURCE. The defaults, the argument specification and docs/ansible.md name the same variables, and
# tasks use no others. With ansible-playbook, also its syntax check. test/package/ansible runs the role.
set -u
. "$(dirname "$0")/../lib/harness.sh"
at_failure=continue
source=$1 role=$1/conf/ansible/roles/certguard
begin

sed -n 's/^\(certguard_[a-z]*\):.*/\1/p' "$role/defaults/main.yml" | sort >defaults
[ "$(wc -l <defaults)" -gt 5 ] || fail "defaults/main.yml has only $(wc -l <defaults) variables"
sed -n 's/^      \(certguard_[a-z]*\):$/\1/p' "$role/meta/argument_specs.yml" | sort >specified
sed -n 's/^| `\(certguard_[a-z]*\)` |.*/\1/p' "$source/docs/ansible.md" | sort >described
diff defaults specified >&2 || fail "defaults/main.yml and meta/argument_specs.yml have different variables (above)"
diff defaults described >&2 || fail "defaults/main.yml and docs/ansible.md have different variables (above)"

# variables that are used: those above, those of vars/main.yml, and results of tasks
cat defaults >known
sed -n 's/^\(certguard_[a-z_]*\):.*/\1/p' "$role/vars/main.yml" >>known
sed -n 's/^ *register: \(certguard_[a-z_]*\)$/\1/p' "$role"/tasks/*.yml >>known
grep -oh '\<certguard_[a-z_]*' "$role"/tasks/*.yml "$role"/handlers/*.yml "$role"/vars/*.yml "$role"/templates/*.j2 | sort -u >used
grep -vxFf known used >unknown && fail "the role uses variables that nothing defines: $(paste -sd' ' unknown)"
sort -u known | grep -vxFf used >unused && fail "the role does not use: $(paste -sd' ' unused)"

for module in $(sed -n 's/^ *\([a-z_]*\.[a-z_.]*\):.*/\1/p' "$role"/tasks/*.yml "$role"/handlers/*.yml | sort -u); do
    case $module in ansible.builtin.*) ;; *) fail "$module is not part of ansible-core" ;; esac
done

if command -v ansible-playbook >/dev/null; then
    ANSIBLE_HOME="$scratch/ansible" ansible-playbook --syntax-check -i "$source/conf/ansible/inventory.yml" \
        "$source/conf/ansible/site.yml" >syntax 2>&1 || { cat syntax >&2; fail "ansible-playbook --syntax-check failed"; }
else
    echo "no ansible-playbook here: syntax not checked"
fi
[ "$failures" = 0 ]
