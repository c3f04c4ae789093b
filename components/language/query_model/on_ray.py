"""The training of an adapter by several workers of Ray Train, on CPUs or a GPU each. Every node must see the paths."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer, prepare_model

from components.language.query_model.bases import load_base
from components.language.query_model.searches import Search
from components.language.query_model.training import Recipe, Worker, fitted
from metier.own_ray import LOOPBACK
from metier.settings import load_settings


def fit_on_ray(base: Path, found: Sequence[Search], recipe: Recipe, workers: int, out: Path) -> None:
    """Write the adapter that `workers` trained together into the folder `out`, as peft does.

    On the Ray that RAY_ADDRESS names, else on one of this machine that ends with the training, for which
    `keep_on_loopback` was called before this module was imported.
    """
    import torch

    address = load_settings().ray_address
    own = {} if address else {"num_cpus": workers + 1, "include_dashboard": False, "_node_ip_address": LOOPBACK}
    with ray.init(address=address or "local", log_to_driver=False, **own), tempfile.TemporaryDirectory() as scratch:
        TorchTrainer(
            _work,
            train_loop_config={"base": base, "found": list(found), "recipe": recipe, "out": out},
            scaling_config=ScalingConfig(num_workers=workers, use_gpu=torch.cuda.is_available()),
            run_config=RunConfig(storage_path=scratch),
        ).fit()


def _work(config: dict[str, Any]) -> None:
    """One worker: its share of the searches, its gradients averaged with the others'; the first writes the adapter."""
    context = ray.train.get_context()
    model, tokenizer = load_base(config["base"])
    worker = Worker(context.get_world_rank(), context.get_world_size(), prepare_model)
    adapted = fitted(model, tokenizer, config["found"], config["recipe"], worker)
    if worker.number == 0:
        adapted.save_pretrained(str(config["out"]))
