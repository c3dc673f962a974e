# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Checks JSON values with a part of JSON Schema 2020-12, without other packages:  schema.py SCHEMA VERB FILE
Each line of FILE is a value if the verb prints lines (log), else FILE is one value. A keyword that is not implemented here is an
error, so that no rule of the schema goes unchecked."""
import json
import re
import sys

NOTES = {"$schema", "$defs"}
TYPES = {"string": str, "boolean": bool, "object": dict, "array": list}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Schema:
    def __init__(self, path):
        self.root = json.load(open(path))

    def resolve(self, pointer):
        part = self.root
        for key in pointer.removeprefix("#/").split("/"):
            part = part[key]
        return part

    def faults(self, rule, value, at):
        """Yields what is wrong with the value."""
        for keyword, argument in rule.items():
            if keyword in ("title", "description"):
                assert isinstance(argument, str), argument
            elif keyword not in NOTES:
                yield from getattr(self, "on_" + keyword.lstrip("$"))(rule, argument, value, at)

    def on_ref(self, rule, pointer, value, at):
        yield from self.faults(self.resolve(pointer), value, at)

    def on_type(self, rule, name, value, at):
        if not is_type(value, name):
            yield f"{at}: {value!r} is not of type {name}"

    def on_enum(self, rule, words, value, at):
        if value not in words:
            yield f"{at}: {value!r} is none of {words}"

    def on_pattern(self, rule, pattern, value, at):
        if isinstance(value, str) and not re.search(pattern, value):
            yield f"{at}: {value!r} does not match {pattern}"

    def on_minimum(self, rule, least, value, at):
        if isinstance(value, int) and value < least:
            yield f"{at}: {value} is less than {least}"

    def on_required(self, rule, keys, value, at):
        for key in keys:
            if isinstance(value, dict) and key not in value:
                yield f"{at}: {key} is missing"

    def on_properties(self, rule, members, value, at):
        for key, member in members.items():
            if isinstance(value, dict) and key in value:
                yield from self.faults(member, value[key], f"{at}.{key}")

    def on_additionalProperties(self, rule, argument, value, at):
        for key in value if isinstance(value, dict) else ():
            if key in rule.get("properties", {}):
                continue
            if argument is False:
                yield f"{at}: the schema does not have {key}"
            else:
                yield from self.faults(argument, value[key], f"{at}.{key}")

    def on_items(self, rule, item, value, at):
        for i, element in enumerate(value if isinstance(value, list) else ()):
            yield from self.faults(item, element, f"{at}[{i}]")

    def on_anyOf(self, rule, choices, value, at):
        tried = [list(self.faults(choice, value, at)) for choice in choices]
        if all(tried):
            yield from min(tried, key=len)


def main():
    schema = Schema(sys.argv[1])
    verb, text = sys.argv[2], open(sys.argv[3]).read()
    lines = text.splitlines() if verb == "log" else [text]
    if verb not in schema.root["properties"]:
        sys.exit(f"the schema does not have the verb {verb}")
    if not lines:
        sys.exit("no value")
    for line in lines:
        value = json.loads(line)
        is_error = isinstance(value, dict) and list(value) == ["error"]
        rule = schema.root["$defs"]["error"] if is_error else schema.root["properties"][verb]
        faults = list(schema.faults(rule, value, verb))
        if faults:
            sys.exit("\n".join(faults))


main()
