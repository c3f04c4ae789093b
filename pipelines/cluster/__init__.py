"""What a cluster gives to the steps of a compiled package, and what it would refuse of one."""

from pipelines.cluster.fitting import fitted
from pipelines.cluster.settings import Cluster, load_cluster

__all__ = ["Cluster", "fitted", "load_cluster"]
