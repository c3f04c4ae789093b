"""What a Kubeflow Pipelines server would refuse of a compiled package, and what would fail on the cluster later.

Knows the server's rules and what steps of ours need, nothing of how a server is reached. All faults are told at once,
each with its task and the mend, since a server tells one at a time and a cluster after minutes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from metier.errors import InputError
from pipelines.cluster.settings import HOME, IMAGE

Part = dict[str, Any]

SCHEMA_VERSION = "2.1.0"
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""RFC 1123: the server makes names of Kubernetes objects of a pipeline's."""
YAML_BOOLEANS = {"y", "n", "yes", "no", "on", "off"}
TYPES: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int, float),  # servers take 4.5 as well
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}
WRITING = frozenset(
    {"build-candidate-index", "build-features", "materialize-features", "monitor-features", "register-ensemble"}
)
"""Steps that write to the home, a store or the registry: one that is answered from a cache writes nothing."""
AGAIN = "compile the package again"
FIT = "compile the package with --cluster"


@dataclass(frozen=True)
class Fault:
    """What is wrong, of which task (empty: of the package as a whole), and the mend."""

    task: str
    fact: str
    mend: str

    def render(self) -> str:
        """One line."""
        return f"task {self.task}: {self.fact}; {self.mend}" if self.task else f"{self.fact}; {self.mend}"


def read_package(path: Path) -> tuple[Part, Part]:
    """(pipeline spec, platform spec) of a package file; InputError where it is none."""
    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; `metier pipeline compile` writes a package") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no YAML; `metier pipeline compile` writes a package") from error
    spec = documents[0] if documents else None
    if not isinstance(spec, dict) or not isinstance(spec.get("root"), dict) or "deploymentSpec" not in spec:
        raise InputError(f"{path} is no package of a pipeline; `metier pipeline compile` writes one")
    return spec, documents[1] if len(documents) > 1 else {}


def refusals(spec: Part, arguments: dict[str, object] | None = None) -> list[Fault]:
    """What a server does not take, of the package or of a run's arguments; None: of the package alone."""
    of_arguments = [] if arguments is None else _of_arguments(spec, arguments)
    return [*_of_the_whole(spec), *of_arguments, *_of_references(spec)]


def failures(spec: Part, platform: Part) -> list[Fault]:
    """What a server takes and a cluster fails on, or does not do: images, the home, memory, caches."""
    pods = platform.get("platforms", {}).get("kubernetes", {}).get("deploymentSpec", {}).get("executors", {})
    found: list[Fault] = []
    for label, executor in spec["deploymentSpec"].get("executors", {}).items():
        step, container = label.removeprefix("exec-"), executor.get("container", {})
        found += [Fault(step, *fault) for fault in _of_container(container, pods.get(label, {}))]
    for _, name, task in tasks(spec):
        if task.get("cachingOptions", {}).get("enableCache"):
            if task.get("componentRef", {}).get("name", "").removeprefix("comp-") in WRITING:
                found.append(Fault(name, "it writes to a service and may be answered from a cache", _UNCACHED))
            elif _is_exit_handler(task):
                found.append(Fault(name, "it is an exit handler and may be answered from a cache", _UNCACHED))
    return found


def needs(spec: Part, platform: Part) -> dict[str, list[str]]:
    """What a run has to be given and what has to be on the cluster, which no package tells: {kind: names}."""
    pods = platform.get("platforms", {}).get("kubernetes", {}).get("deploymentSpec", {}).get("executors", {}).values()
    executors = spec["deploymentSpec"].get("executors", {}).values()
    keys = [
        f"{each['secretName']}, key {pair['secretKey']}"
        for pod in pods
        for each in pod.get("secretAsEnv", [])
        for pair in each["keyToEnv"]
    ]
    named = {
        "argument": _required(spec),
        "image": [executor["container"]["image"] for executor in executors if "container" in executor],
        "volume claim": [mount["constant"] for pod in pods for mount in pod.get("pvcMount", []) if "constant" in mount],
        "secret": keys + [each["secretName"] for pod in pods for each in pod.get("imagePullSecret", [])],
    }
    return {kind: sorted(set(names)) for kind, names in named.items() if names}


def tasks(spec: Part) -> Iterator[tuple[Part, str, Part]]:
    """(group, name, task) of every task of the pipeline, of its loops and of the pipelines in it."""
    for part in (spec["root"], *spec.get("components", {}).values()):
        group = part.get("dag", {}).get("tasks", {})
        for name, task in group.items():
            yield group, str(name), task


_UNCACHED = "call set_caching_options(False) on it"


def _of_the_whole(spec: Part) -> Iterator[Fault]:
    version, name = spec.get("schemaVersion"), str(spec.get("pipelineInfo", {}).get("name", ""))
    if version != SCHEMA_VERSION:
        yield Fault("", f"the package has schema version {version}, servers take {SCHEMA_VERSION}", AGAIN)
    if not LABEL.fullmatch(name):
        yield Fault("", f"pipeline name {name!r} is not 1 to 63 of a-z, 0-9 and inner '-'", "rename the pipeline")
    for parameter in _parameters(spec):
        if not isinstance(parameter, str) or parameter.lower() in YAML_BOOLEANS:
            yield Fault("", f"pipeline {name}: parameter {parameter!r} is a boolean to YAML 1.1", "rename it")


def _of_arguments(spec: Part, arguments: dict[str, object]) -> Iterator[Fault]:
    name, declared = spec.get("pipelineInfo", {}).get("name", ""), _parameters(spec)
    for argument, value in arguments.items():
        if argument not in declared:
            parameters = ", ".join(sorted(map(str, declared)))
            yield Fault("", f"pipeline {name} has no parameter {argument!r}", f"give only: {parameters}")
            continue
        kind = declared[argument]["parameterType"]
        allowed = TYPES[kind]
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            yield Fault("", f"pipeline {name}: {argument} is {value!r}, not of type {kind}", "correct the argument")
    for missing in (parameter for parameter in _required(spec) if parameter not in arguments):
        yield Fault("", f"pipeline {name}: {missing} has no default and is not given", "give it")


def _of_references(spec: Part) -> Iterator[Fault]:
    """Names that nothing in the package answers to."""
    components, executors = spec.get("components", {}), spec["deploymentSpec"].get("executors", {})
    for group, name, task in tasks(spec):
        reference = task.get("componentRef", {}).get("name")
        label = components.get(reference, {}).get("executorLabel")
        if reference not in components:
            yield Fault(name, f"its component {reference!r} does not exist", AGAIN)
        elif label is not None and label not in executors:
            yield Fault(name, f"its executor {label!r} does not exist", AGAIN)
        for producer in dict.fromkeys((*_producers(task), *task.get("dependentTasks", []))):
            if producer not in group:
                yield Fault(name, f"the task {producer!r} that it waits for does not exist", AGAIN)


def _producers(task: Part) -> Iterator[str]:
    """Tasks whose outputs a task reads."""
    for kind, source in (("parameters", "taskOutputParameter"), ("artifacts", "taskOutputArtifact")):
        for given in task.get("inputs", {}).get(kind, {}).values():
            if source in given:
                yield str(given[source].get("producerTask", ""))


def _of_container(container: Part, pod: Part) -> Iterator[tuple[str, str]]:
    """(fact, mend) of what a step's container and pod lack."""
    image = str(container.get("image", ""))
    if not IMAGE.fullmatch(image) or image.endswith(":latest"):
        yield f"its image {image!r} lacks a registry, or a tag that stays", FIT
    if "pip install" in " ".join(container.get("command", [])):
        yield "it installs packages when it starts", "put them into the image, and set install_kfp_package=False"
    home = next((each["value"] for each in container.get("env", []) if each["name"] == HOME), None)
    if home is None or home not in {mount["mountPath"] for mount in pod.get("pvcMount", [])}:
        yield "METIER_HOME is on no volume, so the next step would find nothing", FIT
    if not container.get("resources", {}).get("resourceMemoryLimit"):
        yield "it asks for no memory, so it is the first to be evicted", FIT
    if not pod.get("securityContext", {}).get("runAsNonRoot"):
        yield "it may run as root, which restricted namespaces refuse", FIT


def _is_exit_handler(task: Part) -> bool:
    """Whether it runs however a group of kfp's ExitHandler ends; other tasks may ignore failures before them too."""
    ends = task.get("triggerPolicy", {}).get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED"
    return ends and any(name.startswith("exit-handler-") for name in task.get("dependentTasks", []))


def _parameters(spec: Part) -> Part:
    found: Part = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    return found


def _required(spec: Part) -> list[str]:
    """Parameters of the pipeline that every run has to be given."""
    parameters = _parameters(spec).items()
    return [str(name) for name, each in parameters if "defaultValue" not in each and not each.get("isOptional")]
