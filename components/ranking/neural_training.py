"""Train the neural ranker's networks in torch and export them as one ONNX graph.

Every network learns from all queries but a held-out part, a different one for each, unless a validation set is given;
the epoch kept is the one with the best mean NDCG@10 over what was held out. Several networks give way to one student
of theirs where the validation set shows that it does as well. One thread, seeded. Serving never imports this module.
"""

import copy
import dataclasses
import io
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from components.measures import ndcg_at_k
from components.measures.arrays import Floats, IntArray, run_starts
from components.ranking.losses import listwise_softmax, masked_binary_cross_entropy
from components.ranking.neural_config import NeuralConfig
from components.ranking.neural_distillation import distil, judged
from components.ranking.neural_inputs import InputTransform, fit_inputs
from components.ranking.neural_network import Committee, Inputs, Network
from components.ranking.ranker import informative_queries, query_weights
from components.training_sets import RankingDataset
from components.training_sets.dataset.checked import row_blocks
from components.training_sets.dataset.room import room
from metier.stored import as_plain

State = Mapping[str, Tensor]
Answer = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Dense inputs and table rows -> score and what the heads say."""

PARTS = 5
FEWEST_QUERIES_TO_HOLD_OUT = 20
BATCHES_PER_EPOCH = 64
"""Small sets are cut into so many batches, so that a few epochs are steps enough."""
FEWEST_BATCH_ROWS = 32
ROWS_AT_ONCE = 4_096
RANKS = 50
"""Ranks with a position term of their own; those below share the last."""
POSITION_RATE = 10
"""How much faster the position terms learn than the network: each has far fewer steps to go by."""
INPUT_NAME, SCORE_NAME, HEADS_NAME = "features", "score", "heads"


@dataclasses.dataclass(frozen=True)
class TrainedNetworks:
    """The exported graph, the same weights as safetensors, and how training went."""

    onnx: bytes
    weights: bytes
    record: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class _Rows:
    """One data set as tensors: dense (n, D), table_rows (n, C), gain (n,), outcomes (n, H), weight (n_queries,).

    place (n,): the displayed rank from 0, at most RANKS - 1; 0 where none is known.
    """

    dense: Tensor
    table_rows: Tensor
    gain: Tensor
    outcomes: Tensor
    weight: Tensor
    place: Tensor
    dataset: RankingDataset

    @classmethod
    def of(cls, dataset: RankingDataset, inputs: Inputs, heads: tuple[str, ...]) -> "_Rows":
        dense, table_rows = _transformed(dataset.features, inputs)
        weights = query_weights(dataset)
        rank = np.ones(len(dataset)) if dataset.rank is None else dataset.rank
        columns = [torch.from_numpy(np.asarray((dataset.outcomes or {})[head])) for head in heads]
        return cls(
            dense=dense,
            table_rows=table_rows,
            gain=torch.exp2(torch.from_numpy(dataset.relevance)) - 1.0,
            outcomes=torch.stack(columns, dim=1) if heads else torch.zeros((len(dataset), 0)),
            weight=torch.ones(dataset.n_queries) if weights is None else torch.from_numpy(weights),
            place=torch.from_numpy(np.minimum(rank, RANKS).astype(np.int64) - 1),
            dataset=dataset,
        )

    def score(self, answer: Answer, chosen: Tensor | None = None) -> Tensor:
        """What `answer` gives the `chosen` rows, or all."""
        chosen = torch.arange(len(self.dense)) if chosen is None else chosen
        with torch.no_grad():
            parts = [answer(self.dense[rows], self.table_rows[rows])[0] for rows in chosen.split(ROWS_AT_ONCE)]
        return torch.cat(parts)


def train_networks(
    train: RankingDataset, validation: RankingDataset | None, heads: tuple[str, ...], config: NeuralConfig
) -> TrainedNetworks:
    """Fit on `train`, whose queries with two different relevances teach the order; all rows teach the heads."""
    with _one_thread(), torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(config.seed)
        transform = fit_inputs(train.features, train.feature_names, config.rarest_code, config.seed)
        inputs = Inputs(transform)
        rows = _Rows.of(train, inputs, heads)
        networks = [
            Network(transform, len(heads), config)
            for _ in range(config.networks if len(train) < config.few_rows else 1)
        ]
        watched = None if validation is None else _Rows.of(validation, inputs, ())
        curve, best = _fit_committee(networks, rows, watched, config)
        committee, distilled = _served(_committee(inputs, networks, rows), transform, rows, watched, config)
        weights = {name: tensor.contiguous() for name, tensor in committee.state_dict().items()}
        record = {
            "networks": len(committee.networks),
            "epoch": best + 1,
            "validation_ndcg_at_10": curve,
            "heads": heads,
            **distilled,
        }
        return TrainedNetworks(_export(committee, len(train.feature_names)), safetensors.torch.save(weights), record)


def _served(
    committee: Committee, transform: InputTransform, rows: _Rows, validation: _Rows | None, config: NeuralConfig
) -> tuple[Committee, dict[str, Any]]:
    """One student in place of several networks where `validation` accepts it, and the record of that decision."""
    if len(committee.networks) == 1 or validation is None:
        return committee, {}
    network = Network(transform, rows.outcomes.shape[1], dataclasses.replace(config, hidden=config.student_hidden))
    distil(committee, network, rows.dataset.features, config)
    student = _committee(committee.inputs, [network], rows)
    alone, averaged = (validation.score(member.answer).numpy() for member in (student, committee))
    evidence = judged(alone, averaged, float(committee.scale.mean()), validation.dataset)
    accepted = evidence.accepts(config.margin)
    record = {"networks": len(committee.networks), "margin": config.margin, "accepted": accepted, **as_plain(evidence)}
    return student if accepted else committee, {"distilled": record}


def _fit_committee(
    networks: list[Network], rows: _Rows, validation: _Rows | None, config: NeuralConfig
) -> tuple[list[float], int]:
    """Train each network, leave it at the common best epoch; (NDCG@10 by epoch, that epoch)."""
    informative = informative_queries(rows.dataset)
    useful = informative if rows.outcomes.shape[1] == 0 else np.ones(len(informative), dtype=np.bool_)
    rng = np.random.default_rng(config.seed)
    held_out = validation is None and int(informative.sum()) >= FEWEST_QUERIES_TO_HOLD_OUT
    parts = rng.permutation(len(informative)) % PARTS if held_out else np.full(len(informative), PARTS)
    epochs = _epochs(int(rows.dataset.group_sizes[useful].sum()), config)
    if validation is None and not held_out:
        epochs = max(1, epochs // 2)
    curves, snapshots = [], []
    for member, network in enumerate(networks):
        own_queries = np.flatnonzero(useful & (parts != member))
        watched = (rows, np.flatnonzero(informative & (parts == member))) if held_out else _all_queries(validation)
        states = list(_train_one(network, rows, own_queries, epochs, config, rng))
        curves.append([_ndcg(network, state, *watched) for state in states] if watched else [])
        snapshots.append(states)
    curve = np.mean(curves, axis=0)
    best = int(np.nanargmax(curve)) if len(curve) and not np.isnan(curve).all() else epochs - 1
    for network, states in zip(networks, snapshots, strict=True):
        network.load_state_dict(states[best])
    return [round(float(value), 5) for value in curve], best


def _train_one(
    network: Network, rows: _Rows, queries: IntArray, epochs: int, config: NeuralConfig, rng: np.random.Generator
) -> Iterator[State]:
    """The network's state after each epoch; the step size warms up and then falls along a cosine."""
    sizes = rows.dataset.group_sizes
    target = int(np.clip(sizes[queries].sum() // BATCHES_PER_EPOCH, FEWEST_BATCH_ROWS, config.batch_rows))
    steps = max(1, int(sizes[queries].sum() * epochs / target))
    warm = max(1, min(steps // 10, 200))
    position = torch.nn.Parameter(torch.zeros(RANKS), requires_grad=config.unbiased)
    groups = [
        {"params": [*network.parameters()]},
        {"params": [position], "lr": POSITION_RATE * config.learning_rate, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(1.0, (step + 1) / warm) * max(0.02, 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))),
    )
    for _ in range(epochs):
        network.train()
        for batch in _batches(rng.permutation(queries), sizes, target):
            with torch.enable_grad():
                optimizer.zero_grad(set_to_none=True)
                _loss(network, position, rows, batch, config).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.largest_gradient)
            optimizer.step()
            schedule.step()
        yield copy.deepcopy(network.state_dict())


def _loss(network: Network, position: Tensor, rows: _Rows, queries: IntArray, config: NeuralConfig) -> Tensor:
    """What is clicked goes by the score and by where it was shown; `position` (RANKS,) is dropped with the loss."""
    chosen = torch.from_numpy(_rows_of(queries, rows.dataset))
    query = torch.from_numpy(np.repeat(np.arange(len(queries)), rows.dataset.group_sizes[queries]))
    score, logits = network(rows.dense[chosen], rows.table_rows[chosen])
    score = score + position[rows.place[chosen]]
    loss = listwise_softmax(score, rows.gain[chosen], query, rows.weight[torch.from_numpy(queries)])
    if rows.outcomes.shape[1]:
        loss = loss + config.head_weight * masked_binary_cross_entropy(logits, rows.outcomes[chosen])
    return loss


def _batches(order: IntArray, sizes: IntArray, target: int) -> Iterator[IntArray]:
    """Whole queries in `order`, cut where another `target` rows are full."""
    batch = np.cumsum(sizes[order]) // target
    yield from np.split(order, np.flatnonzero(np.diff(batch)) + 1)


def _rows_of(queries: IntArray, dataset: RankingDataset) -> IntArray:
    """Positions of the rows of `queries`, query by query."""
    sizes = dataset.group_sizes[queries]
    first = run_starts(dataset.group_sizes)[queries]
    within = np.arange(sizes.sum()) - np.repeat(run_starts(sizes), sizes)
    return np.asarray(np.repeat(first, sizes) + within, dtype=np.int64)


def _epochs(n_rows: int, config: NeuralConfig) -> int:
    return int(np.clip(config.row_visits // max(n_rows, 1), 1, config.epochs))


def _all_queries(rows: _Rows | None) -> tuple[_Rows, IntArray] | None:
    return None if rows is None else (rows, np.arange(rows.dataset.n_queries))


def _ndcg(network: Network, state: State, rows: _Rows, queries: IntArray) -> float:
    network.load_state_dict(state)
    network.eval()
    chosen = _rows_of(queries, rows.dataset)
    score = rows.score(network, torch.from_numpy(chosen)).numpy()
    values = ndcg_at_k(rows.dataset.relevance[chosen], score, rows.dataset.query_index[chosen], 10)
    defined = ~np.isnan(values)
    weight = rows.weight.numpy()[queries[defined]]
    return float(np.average(values[defined], weights=weight)) if weight.any() else math.nan


def _committee(inputs: Inputs, networks: list[Network], rows: _Rows) -> Committee:
    for network in networks:
        network.eval()
    scores = torch.stack([rows.score(network) for network in networks])
    scale = scores.std(dim=1, correction=0)
    committee = Committee(inputs, networks, scores.mean(dim=1), torch.where(scale > 0, scale, 1.0))
    committee.eval()
    return committee


def _export(committee: Committee, n_features: int) -> bytes:
    buffer = io.BytesIO()
    names = [SCORE_NAME, HEADS_NAME]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the TorchScript exporter announces its own retirement
        torch.onnx.export(
            committee,
            (torch.zeros((2, n_features)),),
            buffer,
            dynamo=False,
            input_names=[INPUT_NAME],
            output_names=names,
            dynamic_axes={name: {0: "n_rows"} for name in (INPUT_NAME, *names)},
            opset_version=17,
        )
    return buffer.getvalue()


def _transformed(features: Floats, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Dense inputs and table rows of all rows; large ones lie in mapped files, from which batches are gathered."""
    dense, table_rows = (
        room((len(features), part.shape[1]), part.numpy().dtype) for part in inputs(_tensor(features[:1]))
    )
    for rows in row_blocks(len(features), ROWS_AT_ONCE):
        first, second = inputs(_tensor(features[rows]))
        dense[rows], table_rows[rows] = first.numpy(), second.numpy()
    return torch.from_numpy(dense), torch.from_numpy(table_rows)


def _tensor(features: Floats) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(features))


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
