"""DCN-v2 (Wang et al. 2021) with a deep tower beside the crosses, in torch; several networks averaged as one graph.

Training and export only: serving runs the exported graph. Knows no labels, losses or files.
"""

import numpy as np
import torch
from torch import Tensor, nn

from components.measures.arrays import Floats, IntArray
from components.ranking.neural_config import NeuralConfig
from components.ranking.neural_inputs import CODES, KNOTS, InputTransform

PIECES = (1, 4, KNOTS - 1)
"""Numeric features are computed in bands: flags, those of few values, the others."""


class Inputs(nn.Module):
    """Raw float32 features (n_rows, n_features) -> dense (n_rows, dense_width) and table rows (n_rows, C).

    Computes on columns (n_columns, n_rows): onnxruntime copies a column whole, but gathers columns of rows value by
    value, and one operation over all pieces of many columns costs less than one a piece.
    """

    def __init__(self, transform: InputTransform) -> None:
        super().__init__()
        used = (transform.slope > 0).sum(axis=0)
        order = np.argsort(used, kind="stable")
        self.register_buffer("numeric", torch.from_numpy(transform.numeric[order]))
        self.register_buffer("offset", _upright(transform.offset[order]))
        for name in ("missing", "text", "code", "lookup"):
            self.register_buffer(name, torch.from_numpy(getattr(transform, name)))
        self.register_buffer("text_mean", _upright(transform.text_mean))
        self.register_buffer("text_rate", 1 / _upright(transform.text_scale))
        ends = np.searchsorted(used[order], PIECES, side="right")
        self.bands = nn.ModuleList(
            [
                _Band(transform, order[start:end], pieces)
                for start, end, pieces in zip([0, *ends[:-1]], ends, PIECES, strict=True)
                if start < end
            ]
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        # The exporter gets the types of empty tensors wrong, so a kind that no feature is of stays out of the graph.
        columns = features.t()
        parts = []
        if len(self.numeric):
            parts.append(self._ranks(columns.index_select(0, self.numeric)))
        if len(self.text):
            values = columns.index_select(0, self.text)
            parts.append(_imputed((values - self.text_mean) * self.text_rate, values))
        if len(self.missing):
            parts.append(torch.isnan(columns.index_select(0, self.missing)).float())
        dense = torch.cat(parts).t() if parts else features[:, :0]
        return dense, self._table_rows(columns) if len(self.code) else features[:, :0].long()

    def _ranks(self, values: Tensor) -> Tensor:
        sizes = [band.n_columns for band in self.bands]
        parts = [band(part) for band, part in zip(self.bands, values.split(sizes), strict=True)]
        return _imputed(torch.cat(parts) + self.offset, values)

    def _table_rows(self, columns: Tensor) -> Tensor:
        values = columns.index_select(0, self.code)
        inside = (values >= 0) & (values < CODES)  # false for NaN
        codes = torch.where(inside, values, 0.0).long()
        starts = torch.arange(len(self.code))[:, None] * CODES
        return self.lookup.reshape(-1)[codes + starts].t()


class _Band(nn.Module):
    """Ranks, less their offset, of columns (n_columns, n_rows) that use their first `pieces` at most."""

    def __init__(self, transform: InputTransform, columns: IntArray, pieces: int) -> None:
        super().__init__()
        self.n_columns = len(columns)
        low, width, slope = (
            np.ascontiguousarray(getattr(transform, name)[:pieces, columns].T) for name in ("low", "width", "slope")
        )
        self.register_buffer("low", torch.from_numpy(low[:, :, None]))
        self.register_buffer("rate", torch.from_numpy(1 / width[:, :, None]))
        self.register_buffer("slope", torch.from_numpy(slope[:, None, :]))

    def forward(self, values: Tensor) -> Tensor:
        share = ((values[:, None] - self.low) * self.rate).clamp(0.0, 1.0)
        return (self.slope @ share)[:, 0]


def _upright(constants: Floats) -> Tensor:
    return torch.from_numpy(constants[:, None])


def _imputed(standardised: Tensor, values: Tensor) -> Tensor:
    """Missing values at the mean, the others within five deviations of it."""
    return torch.where(torch.isnan(values), 0.0, standardised).clamp(-5.0, 5.0)


class Cross(nn.Module):
    """x0 * (V U x + b) + x with U (rank, width), V (width, rank)."""

    def __init__(self, width: int, rank: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(width, rank, bias=False)
        self.widen = nn.Linear(rank, width)

    def forward(self, first: Tensor, x: Tensor) -> Tensor:
        crossed: Tensor = first * self.widen(self.narrow(x)) + x
        return crossed


class Network(nn.Module):
    """Dense inputs and table rows -> score (n_rows,) and head logits (n_rows, n_heads)."""

    def __init__(self, transform: InputTransform, n_heads: int, config: NeuralConfig) -> None:
        super().__init__()
        width = transform.dense_width + len(transform.code) * config.embedding_width
        self.table = nn.Embedding(transform.table_rows, config.embedding_width) if len(transform.code) else None
        if self.table is not None:
            nn.init.normal_(self.table.weight, std=0.1)
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.crosses = nn.ModuleList([Cross(width, config.cross_rank) for _ in range(config.crosses)])
        layers: list[nn.Module] = []
        previous = width
        for size in config.hidden:
            layers += [nn.Linear(previous, size), nn.ReLU(), nn.Dropout(config.dropout)]
            previous = size
        self.deep = nn.Sequential(*layers)
        self.score = nn.Linear(width + previous, 1)
        self.heads = nn.Linear(width + previous, n_heads) if n_heads else None

    def forward(self, dense: Tensor, table_rows: Tensor) -> tuple[Tensor, Tensor]:
        if self.table is not None:
            dense = torch.cat([dense, self.table(table_rows).flatten(start_dim=1)], dim=1)
        first = self.input_dropout(dense)
        x = first
        for cross in self.crosses:
            x = cross(first, x)
        joined = torch.cat([x, self.deep(first)], dim=1)
        logits = joined[:, :0] if self.heads is None else self.heads(joined)
        return self.score(joined).squeeze(1), logits


class Committee(nn.Module):
    """Networks behind one input transform: the mean of their standardised scores, the mean of their probabilities.

    location, scale: (n_networks,), mean and deviation of each network's score over the training rows.
    """

    def __init__(self, inputs: Inputs, networks: list[Network], location: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.inputs = inputs
        self.networks = nn.ModuleList(networks)
        self.register_buffer("location", location)
        self.register_buffer("scale", scale)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return self.answer(*self.inputs(features))

    def answer(self, dense: Tensor, table_rows: Tensor) -> tuple[Tensor, Tensor]:
        """Score (n_rows,) and probabilities (n_rows, n_heads) from what `inputs` made of the features."""
        answers = [network(dense, table_rows) for network in self.networks]
        scores = torch.stack([score for score, _ in answers], dim=1)
        probabilities = torch.stack([logits.sigmoid() for _, logits in answers]).mean(dim=0)
        return ((scores - self.location) / self.scale).mean(dim=1), probabilities
