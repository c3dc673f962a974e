# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Checks that the parts of conf/container and conf/kubernetes fit together:  conf.py SOURCE
Prints each fault as one line, and exits with 1 if there is any."""
import json
import os
import re
import sys

import yaml

source = sys.argv[1]
faults = []


def check(condition, text):
    if not condition:
        faults.append(text)


def read(name):
    with open(os.path.join(source, name)) as file:
        return file.read()


def paths_of(conf, policy):
    """The paths that mosquitto.conf and the policy name, with whether the broker writes there."""
    writes = {"persistence_location": True, "state": True, "file": True}
    for line in conf.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].startswith("/"):
            yield words[1], writes.get(words[0], False)
    stack = [policy]
    while stack:
        for key, value in stack.pop().items():
            if isinstance(value, dict):
                stack.append(value)
            elif isinstance(value, str) and value.startswith("/"):
                yield value, writes.get(key, False)


def port_of(conf):
    return int(re.search(r"^listener (\d+)$", conf, re.M).group(1))


def mount_at(mounts, path):
    """The mount with the longest path above it; None: the path is in the image."""
    found = [at for at in mounts if path == at or path.startswith(at.rstrip("/") + "/")]
    return max(found, key=len, default=None)


# ---- Dockerfile ----

dockerfile = read("conf/container/Dockerfile")
known = {"ARG", "FROM", "RUN", "COPY", "USER"}
instructions = [line.split(None, 1) for line in re.sub(r"\\\n", " ", dockerfile).splitlines() if line and line[0] != "#"]
check(all(words[0] in known for words in instructions), "Dockerfile: unknown instruction")
stages = [match for match in re.findall(r"^FROM (\S+)(?: AS (\S+))?$", dockerfile, re.M)]
check(len(stages) == 2 and stages[0][0] == stages[1][0], "Dockerfile: the stages have different bases")
check(all(name in [stage[1] for stage in stages] for name in re.findall(r"--from=(\S+)", dockerfile)),
      "Dockerfile: COPY from an unknown stage")
user = re.search(r"^USER (\d+):(\d+)$", dockerfile, re.M)
check(user and int(user.group(1)) > 0, "Dockerfile: no USER in numbers")
image_user = int(user.group(1)) if user else 0
image = {os.path.join(to, os.path.basename(what)) for what, to in re.findall(r"^COPY --from=\S+ (\S+) (\S+/)$", dockerfile, re.M)}

# Debian's build dependencies in Alpine; "": in build-base, or in the image
alpine = {"gcc": "build-base", "libc6-dev": "build-base", "cmake": "cmake", "ninja-build": "", "pkg-config|pkgconf": "pkgconf",
          "libssl-dev": "openssl-dev", "libcjson-dev": "cjson-dev", "zlib1g-dev": "zlib-dev", "libarchive-dev": "libarchive-dev",
          "mosquitto-dev": "mosquitto-dev", "libmosquitto-dev": "mosquitto-dev", "mosquitto": "", "mosquitto-clients": "", "openssl": ""}
debian = re.search(r"^    build\) echo (.*?);;", read("tools/install-deps"), re.M | re.S).group(1)
added = re.search(r"apk add --no-cache (.*build-base.*)", dockerfile).group(1).split()
for name in debian.replace("\\\n", " ").replace("'", "").split():
    check(name in alpine, f"conf.py: no Alpine package is known for {name}")
    check(not alpine.get(name) or alpine[name] in added, f"Dockerfile: {alpine.get(name)} is not installed")

ignore = [line for line in read("conf/container/Dockerfile.dockerignore").splitlines() if line and line[0] != "#"]
check(ignore[0] == "*" and all(line[0] == "!" for line in ignore[1:]), "Dockerfile.dockerignore: not a list of what is needed")

# ---- compose.yaml ----

conf = read("conf/container/config/mosquitto.conf")
policy = json.loads(read("conf/container/config/policy.json"))
compose = yaml.safe_load(read("conf/container/compose.yaml"))
for name, service in compose["services"].items():
    at = f"compose.yaml: {name}: "
    check(service["user"] == f"{image_user}:{image_user}", at + "another user than in the Dockerfile")
    check(service["read_only"] is True and service["cap_drop"] == ["ALL"], at + "the root is writable, or it has capabilities")
    check(service["security_opt"] == ["no-new-privileges:true"], at + "it may gain privileges")
    check("privileged" not in service and "cap_add" not in service, at + "privileges")
    check(os.path.isfile(os.path.join(source, "conf/container", service["build"]["context"], service["build"]["dockerfile"])),
          at + "no such Dockerfile")
    for secret in service.get("secrets", []):
        check(secret in compose["secrets"], at + f"no secret {secret}")
    for mount in service["volumes"]:
        what = mount.split(":")[0]
        if what.startswith("."):
            check(os.path.isdir(os.path.join(source, "conf/container", what)), at + f"{what} is no folder")
        else:
            check(what in compose["volumes"], at + f"no volume {what}")
used = {mount.split(":")[0] for service in compose["services"].values() for mount in service["volumes"]}
check(set(compose["volumes"]) <= used, "compose.yaml: a volume is not used")
broker, ca = compose["services"]["broker"], compose["services"]["ca"]
mounts = {mount.split(":")[1]: mount.split(":") for mount in broker["volumes"]}
check("ca" not in [mount[0] for mount in mounts.values()] and "secrets" not in broker, "compose.yaml: the broker sees the CA")
check(broker["ports"] == [f"{port_of(conf)}:{port_of(conf)}"], "compose.yaml: the port is not that of mosquitto.conf")
check(ca["network_mode"] == "none" and ca["profiles"], "compose.yaml: the CA has a network, or starts with the broker")
for path, written in paths_of(conf, policy):
    at = mount_at(mounts, path)
    check(at or path in image, f"{path}: neither in a volume nor in the image")
    check(not at or (mounts[at][2:] != ["ro"]) == written, f"{path}: its volume must be read-only unless the broker writes there")
shared = [mount for mount in mounts if mounts[mount][0] == "certguard"]
check(shared and f"certguard:{shared[0]}" in ca["volumes"], "compose.yaml: the CA deploys to another folder than the broker reads")

# ---- conf/kubernetes ----

objects = {}
for name in sorted(os.listdir(os.path.join(source, "conf/kubernetes"))):
    for item in yaml.safe_load_all(read(os.path.join("conf/kubernetes", name))):
        check(all(key in item for key in ("apiVersion", "kind", "metadata")), f"{name}: no object")
        objects[item["kind"]] = item
config = objects["ConfigMap"]["data"]
check(config["mosquitto.conf"] == conf, "mosquitto.conf of the ConfigMap is not that of conf/container")
cluster_policy = json.loads(config["policy.json"])
check({key: value for key, value in cluster_policy.items() if key != "server"} == policy,
      "policy.json of the ConfigMap differs from that of conf/container in more than \"server\"")

certificate = objects["Certificate"]["spec"]
check(certificate["privateKey"]["rotationPolicy"] == "Always", "certificate.yaml: the key is kept")
check(certificate["usages"] == ["digital signature", "server auth"], "certificate.yaml: usages")
check(objects["Service"]["metadata"]["name"] in certificate["dnsNames"], "certificate.yaml: it lacks the name of the Service")

pod_template = objects["StatefulSet"]["spec"]["template"]
pod, spec = pod_template["spec"], objects["StatefulSet"]["spec"]
labels = pod_template["metadata"]["labels"]
check(spec["selector"]["matchLabels"] == labels == objects["Service"]["spec"]["selector"], "labels and selectors differ")
check(spec["serviceName"] == objects["Service"]["metadata"]["name"], "serviceName is no Service")
check(spec["replicas"] == 1, "more than one broker")
rights = pod["securityContext"]
check(rights["runAsNonRoot"] is True and rights["runAsUser"] == rights["runAsGroup"] == rights["fsGroup"] == image_user, "user of the pod")
check(rights["fsGroupChangePolicy"] == "OnRootMismatch", "fsGroupChangePolicy")
check(rights["seccompProfile"] == {"type": "RuntimeDefault"}, "seccompProfile")
(container,) = pod["containers"]
check(container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
      "rights of the container")
(port,) = container["ports"]
(service_port,) = objects["Service"]["spec"]["ports"]
check(port["containerPort"] == service_port["port"] == port_of(conf), "the port is not that of mosquitto.conf")
check(service_port["targetPort"] == container["startupProbe"]["tcpSocket"]["port"] == port["name"], "the port has another name")

created = re.search(r"kubectl create configmap (\S+)((?: --from-file=\S+)+)", read("docs/container.md"))
keys = {("configMap", objects["ConfigMap"]["metadata"]["name"]): set(config),
        ("secret", certificate["secretName"]): {"tls.crt", "tls.key", "ca.crt"},
        ("configMap", created.group(1)): set(re.findall(r"--from-file=(\S+)", created.group(2)))}


def files_of(kind, origin, name):
    """The files of a volume from a ConfigMap or a Secret."""
    there = keys.get((kind, origin[name]))
    check(there is not None, f"no {kind} {origin[name]}")
    items = origin.get("items") or [{"key": key, "path": key} for key in there or ()]
    check(all(item["key"] in (there or ()) for item in items), f"{kind} {origin[name]}: an item is no key of it")
    return {item["path"] for item in items}


volumes = {claim["metadata"]["name"]: None for claim in spec["volumeClaimTemplates"]}
for volume in pod["volumes"]:
    if "configMap" in volume:
        volumes[volume["name"]] = files_of("configMap", volume["configMap"], "name")
    else:
        projected = volume["projected"]
        check(projected["defaultMode"] == 0o440, "a key with another mode than 0440")
        volumes[volume["name"]] = {path for part in projected["sources"] for kind, origin in part.items()
                                   for path in files_of(kind, origin, "name")}
mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
check({mount["name"] for mount in mounts.values()} == set(volumes), "volumeMounts and volumes differ")
check(not any("subPath" in mount or "subPathExpr" in mount for mount in mounts.values()), "subPath: the file is never updated")
check(not any(kind in yaml.safe_dump(pod) for kind in ("hostPath", "secretKeyRef", "privileged")), "hostPath, or a secret in the environment")
for path, written in paths_of(conf, cluster_policy):
    at = mount_at(mounts, path)
    check(at or path in image, f"{path}: neither in a volume nor in the image")
    if at:
        check(mounts[at].get("readOnly", False) != written, f"{path}: its volume must be read-only unless the broker writes there")
        files = volumes.get(mounts[at]["name"])
        check(files is None or os.path.relpath(path, at) in files, f"{path}: no such file in its volume")

print("\n".join(faults) if faults else "conf: no faults")
sys.exit(1 if faults else 0)
