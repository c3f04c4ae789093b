"""What a cluster gives to the steps of a compiled package, and what it would refuse of one."""

from pipelines.cluster.checking import failures, needs, read_package, refusals
from pipelines.cluster.fitting import fitted
from pipelines.cluster.settings import Cluster, load_cluster

__all__ = ["Cluster", "failures", "fitted", "load_cluster", "needs", "read_package", "refusals"]
