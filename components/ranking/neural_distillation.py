"""One network in place of several that are averaged: it learns what they answer, then has to show that it does as well.

The student sees the training rows and rows mixed of them, which the averaged networks label as well as any (Bucilua
et al. 2006, "Model Compression"). Labels of people teach it nothing; those of the validation set judge it.
"""

import dataclasses
import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from components.measures import Interval, ndcg_at_k, paired_difference
from components.measures.arrays import FloatArray, Floats, run_starts
from components.measures.ranking_metrics import weighted_dcg_at_k
from components.ranking.neural_config import NeuralConfig
from components.ranking.neural_network import Committee, Network
from components.training_sets import RankingDataset

K = 10
EPOCHS = 8
BATCH_ROWS = 256
ROWS_AT_ONCE = 4_096
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-4
MIXTURES = 9
"""Most mixed rows to a training row; fewer where MIXED_ROWS are enough, one at least."""
MIXED_ROWS = 20_000
LARGEST_SHARE = 0.5
"""A mixed row has up to this share of its values from another row."""


@dataclasses.dataclass(frozen=True)
class Evidence:
    """A student beside the networks it learned from, on queries that neither was fitted to.

    difference: NDCG@10 of the student less theirs, by the labels. expected_loss: what its order would cost if they were
    right, a far sharper figure: NDCG@10 where the one relevant candidate is drawn by the softmax of their scores.
    """

    difference: Interval
    expected_loss: Interval

    def accepts(self, margin: float) -> bool:
        """Whether the loss that they expect is below `margin`, and labels do not show that more is lost."""
        return self.expected_loss.high <= margin and not self.difference.high < -margin


def distil(committee: Committee, student: Network, features: Floats, config: NeuralConfig) -> None:
    """Train `student`, without dropout, to answer as the committee does: its scores, its probabilities as logits.

    features: raw training rows (n_rows, n_features).
    """
    rng = np.random.default_rng(config.seed)
    blocks = torch.from_numpy(_with_mixtures(features, rng)).split(ROWS_AT_ONCE)
    labelled = [_labelled(committee, block) for block in blocks]
    dense, table_rows, score, probability = (torch.cat(parts) for parts in zip(*labelled, strict=True))
    student.eval()
    n_rows, batches = len(dense), math.ceil(len(dense) / BATCH_ROWS)
    optimizer = torch.optim.AdamW(student.parameters(), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, epochs=EPOCHS, steps_per_epoch=batches, pct_start=0.05, cycle_momentum=False
    )
    for _ in range(EPOCHS):
        for rows in torch.from_numpy(rng.permutation(n_rows)).split(BATCH_ROWS):
            with torch.enable_grad():
                optimizer.zero_grad(set_to_none=True)
                answer, logits = student(dense[rows], table_rows[rows])
                _loss(answer, score[rows], logits, probability[rows], config.head_weight).backward()
            optimizer.step()
            schedule.step()


def _with_mixtures(features: Floats, rng: np.random.Generator) -> Floats:
    """The rows, and copies of each with some of its values replaced by those of a row drawn at random."""
    n_rows = len(features)
    parts = [np.ascontiguousarray(features)]
    for _ in range(int(np.clip(MIXED_ROWS // n_rows, 1, MIXTURES))):
        share = rng.random((n_rows, 1), dtype=np.float32) * LARGEST_SHARE
        replaced = rng.random(features.shape, dtype=np.float32) < share
        parts.append(np.where(replaced, features[rng.permutation(n_rows)], features))
    return np.concatenate(parts)


def _labelled(committee: Committee, features: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(dense, table rows, score, probabilities) of the rows."""
    dense, table_rows = committee.inputs(features)
    return dense, table_rows, *committee.answer(dense, table_rows)


def _loss(answer: Tensor, target: Tensor, logits: Tensor, probability: Tensor, head_weight: float) -> Tensor:
    loss = functional.mse_loss(answer, target)
    if logits.shape[1]:
        loss = loss + head_weight * functional.binary_cross_entropy_with_logits(logits, probability)
    return loss


def judged(student: Floats, averaged: Floats, scale: float, dataset: RankingDataset) -> Evidence:
    """Evidence from the scores (n_rows,) of both; `scale * averaged` are the logits that the networks' loss saw."""
    query = dataset.query_index
    belief = _softmax(averaged.astype(np.float64) * scale, dataset)
    everything = np.ones(len(dataset))

    def labelled(score: Floats) -> FloatArray:
        return ndcg_at_k(dataset.relevance, score, query, K)

    def expected(score: Floats) -> FloatArray:
        return weighted_dcg_at_k(everything, score, query, belief, K)[0]

    queries = np.arange(dataset.n_queries)
    return Evidence(
        difference=paired_difference(labelled(student), labelled(averaged), queries),
        expected_loss=paired_difference(expected(averaged), expected(student), queries),
    )


def _softmax(logit: FloatArray, dataset: RankingDataset) -> FloatArray:
    """Share (n_rows,) of each row in its query."""
    starts, query = run_starts(dataset.group_sizes), dataset.query_index
    mass = np.exp(logit - np.maximum.reduceat(logit, starts)[query])
    return np.asarray(mass / np.add.reduceat(mass, starts)[query])
