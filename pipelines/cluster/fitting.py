"""A compiled package, fitted to a cluster: every step gets what the cluster's settings say.

Works on the package, so the pipeline that is compiled is the very object that runs on one machine. What kfp's own
`set_*` methods and kfp-kubernetes would have written of each task is written here, and nothing else.
"""

import copy
from types import SimpleNamespace
from typing import Any

from kfp import kubernetes
from kfp.compiler import compiler_utils

from pipelines.cluster.checking import tasks
from pipelines.cluster.settings import HOME, Cluster, Resources, Retry

Spec = dict[str, Any]

TALKING = frozenset(
    {
        "build-candidate-index",
        "evaluate-ensemble",
        "materialize-features",
        "plan-training",
        "register-ensemble",
        "report-evaluation",
    }
)
"""Steps that are tried again: the registry or a feature store that they talk to may be away for a moment.

monitor-features talks to them too, but fails on purpose where a limit is passed.
"""


def fitted(spec: Spec, cluster: Cluster) -> tuple[Spec, Spec]:
    """(pipeline spec, platform spec) of a compiled package; `spec` stays as it is."""
    spec = copy.deepcopy(spec)
    executors = spec["deploymentSpec"]["executors"]
    for label, executor in executors.items():
        container = executor["container"]
        container["image"] = cluster.image
        container["env"] = _environment(container.get("env", []), cluster)
        container["resources"] = _resources(cluster.steps.get(_step(label), cluster.resources))
    for _, _, task in tasks(spec):
        if task["componentRef"]["name"].removeprefix("comp-") in TALKING and cluster.retry.most:
            task["retryPolicy"] = _retry(cluster.retry)
    pods = {label: _pod(cluster) for label in executors}
    return spec, {"platforms": {"kubernetes": {"deploymentSpec": {"executors": pods}}}}


def _step(executor: str) -> str:
    """The name of the step that an executor runs."""
    return executor.removeprefix("exec-")


def _environment(own: list[dict[str, str]], cluster: Cluster) -> list[dict[str, str]]:
    values = {each["name"]: each["value"] for each in own} | cluster.environment | {HOME: cluster.home.path}
    return [{"name": name, "value": value} for name, value in values.items()]


def _resources(asked: Resources) -> dict[str, object]:
    """As kfp writes them: as texts, and as numbers for older servers."""
    cpu, memory = compiler_utils._cpu_to_float(asked.cpu), compiler_utils._memory_to_float(asked.memory)
    return {
        "cpuRequest": cpu,
        "resourceCpuRequest": asked.cpu,
        "memoryRequest": memory,
        "resourceMemoryRequest": asked.memory,
        "memoryLimit": memory,
        "resourceMemoryLimit": asked.memory,
    }


def _retry(retry: Retry) -> dict[str, object]:
    return {
        "maxRetryCount": retry.most,
        "backoffDuration": f"{retry.backoff_seconds}s",
        "backoffFactor": retry.factor,
        "backoffMaxDuration": f"{retry.longest_seconds}s",
    }


def _pod(cluster: Cluster) -> Spec:
    """What the pod of a step gets besides its container, by kfp-kubernetes."""
    task = SimpleNamespace(platform_config={})  # all that these functions know of a task
    kubernetes.mount_pvc(task, pvc_name=cluster.home.claim, mount_path=cluster.home.path)
    for variable, where in cluster.secrets.items():
        kubernetes.use_secret_as_env(task, where.secret, {where.key: variable})
    if cluster.image_pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(cluster.image_pull_secrets))
    kubernetes.set_security_context(task, run_as_user=cluster.user, run_as_group=cluster.user, run_as_non_root=True)
    kubernetes.add_pod_label(task, "app.kubernetes.io/part-of", "metier")  # the stores let such pods in
    config: Spec = task.platform_config["kubernetes"]
    return config
