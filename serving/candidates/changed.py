"""What changed of one surface's candidates since its release, as a part of its own behind the release.

Of each candidate the newest version counts, (event_timestamp, recorded_at) deciding; one that the release holds
already, or holds a newer one of, is passed over, so changes may come again and late. So may interactions, whose pair
facts are the release's and those that came since. What windows say of a known candidate stays as of the release.
Changes lie in layers, each encoded once and merged as they become many, so that one more costs the same behind many as
behind few. Its owner sees to it that only one thread grows it. Knows no ranker.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.language.taxonomy import Taxonomy, shipped_taxonomy
from components.retrieval.growing import GrowingRetriever
from feature_repo.hydrate import Read
from feature_repo.texts import TextVectors
from feature_repo.texts.text import headline, text_key
from metier.changes import Change
from metier.surfaces import surface_spec
from serving.candidates.changed_features import changed_features, text_of
from serving.candidates.snapshot import CandidateSnapshot, ReleaseSnapshot
from serving.candidates.space import CandidateSpace

LOG = logging.getLogger(__name__)

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]
"""Vectors (n, 384) of texts by the encoder of the bundle that serves."""
Version = tuple[datetime, datetime]
NO_CLIENTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class _Layer:
    """Changed candidates, by id and by row: what the release would hold of them, encoded once."""

    changes: Mapping[str, Change]
    rows: pa.Table
    features: pa.Table
    part: CandidateSnapshot
    slots: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """In the indexes, ascending."""


class ChangedCandidates:
    """Behind `base`. `read` answers with what the online store holds.

    Skills of texts are those of the taxonomy, by default the shipped one.
    """

    def __init__(self, base: ReleaseSnapshot, read: Read, taxonomy: Taxonomy | None = None) -> None:
        self._taxonomy = taxonomy or shipped_taxonomy()
        self._base = base
        self._read = read
        self._table = surface_spec(base.surface).table
        self._growing = GrowingRetriever(base.release.retriever)
        self._texts = TextVectors.fitted(base.candidates.vectors.weights)
        self._newest: dict[str, Change] = {}
        """Of each changed candidate."""
        self._layers: list[_Layer] = []
        self._facts = base.candidates.facts
        self._space: CandidateSpace | None = None
        """All that changed, with some facts, until other candidates change."""

    def take(self, changes: Sequence[Change], embed: Embed) -> None:
        """Count in `changes`; the texts of all tables, for an actor may be among them."""
        self._facts = self._facts.grown([change.row for change in changes if change.table == "interactions"])
        changes = [change for change in changes if change.table != "interactions"]
        if not changes:
            return
        self._space = None
        self._add_texts(changes, embed)
        newest = self._newest_of([change for change in changes if change.table == self._table])
        layers = self._servable(newest)
        fresh = [change for layer in layers for change in layer.changes.values()]
        if not fresh:
            return
        slots = iter(
            self._growing.add([text_of(change) for change in fresh], [_headline(change.row) for change in fresh])
        )
        for layer in layers:
            self._newest.update(layer.changes)
            self._append(replace(layer, slots=np.fromiter(slots, np.int64, len(layer.changes))))

    def candidates(self, sequence: int, clients: Mapping[str, str] = NO_CLIENTS) -> CandidateSpace:
        """The release and what changed up to `sequence`; `clients` are the statuses of those that changed."""
        if self._space is None:
            self._space = self._changed_space()
        return self._space.with_clients(clients).with_facts(self._facts, sequence)

    def _changed_space(self) -> CandidateSpace:
        vectors = self._vectors
        if not self._layers:
            return CandidateSpace(self._base, (), self._base.release.retriever, vectors)
        parts = [layer.part for layer in self._layers]
        dense = np.concatenate([part.columns.vectors.dense_at(part.columns.text_row) for part in parts])
        slots = np.concatenate([layer.slots for layer in self._layers])
        return CandidateSpace(self._base, parts, self._growing.view(slots, dense), vectors)

    def _append(self, layer: "_Layer") -> None:
        """Put a layer behind the others, merged with those before it that are not much larger."""
        while self._layers and len(self._layers[-1].changes) <= 2 * len(layer.changes):
            layer = self._merged(self._layers.pop(), layer)
        self._layers.append(layer)

    def _merged(self, earlier: "_Layer", later: "_Layer") -> "_Layer":
        """Both as one; of a candidate that is in both the later version."""
        kept = np.array([name not in later.changes for name in earlier.changes], np.bool_)
        rows, features = (
            pa.concat_tables([one.filter(pa.array(kept)), other]).combine_chunks()
            for one, other in ((earlier.rows, later.rows), (earlier.features, later.features))
        )
        old = {name: change for name, change in earlier.changes.items() if name not in later.changes}
        slots = np.concatenate([earlier.slots[kept], later.slots])
        return _Layer({**old, **later.changes}, rows, features, self._part(rows, features), slots)

    @property
    def _vectors(self) -> TextVectors:
        """Of the release's texts and of those that changes brought."""
        released = self._base.candidates.vectors
        return released.overlaid(self._texts) if len(self._texts.names) else released

    def _part(self, rows: pa.Table, features: pa.Table) -> CandidateSnapshot:
        return CandidateSnapshot(self._base.candidates.others(rows, features, self._vectors), self._base.skill)

    def _servable(self, fresh: Sequence[Change]) -> "list[_Layer]":
        """Layers of the changes that can be served, each of other candidates; one that cannot be is left out."""
        if not fresh:
            return []
        try:
            rows = pa.Table.from_pylist(
                [{**change.row, "id": change.id} for change in fresh], self._base.candidates.versions.schema
            )
            features = changed_features(self._base, fresh, self._read, self._taxonomy)
            return [_Layer({change.id: change for change in fresh}, rows, features, self._part(rows, features))]
        except Exception:
            if len(fresh) == 1:
                LOG.exception("change %d of %s cannot be served", fresh[0].sequence, self._table)
                return []
            return [layer for change in fresh for layer in self._servable([change])]

    def _add_texts(self, changes: Sequence[Change], embed: Embed) -> None:
        """Vectors of texts that neither the release nor earlier changes know."""
        texts = {text_key(text): (text, change.row["title"]) for change in changes for text in [text_of(change)]}
        keys = [key for key in texts if self._base.candidates.vectors.rows([key])[0] < 0]
        keys = [key for key, row in zip(keys, self._texts.rows(keys), strict=True) if row < 0]
        if keys:
            bodies, titles = zip(*(texts[key] for key in keys), strict=True)
            self._texts = self._texts.extended(keys, bodies, embed(bodies), titles)

    def _newest_of(self, changes: Sequence[Change]) -> list[Change]:
        """The newest of each candidate among those that are newer than what is served, in the order they came."""
        versions = self._versions(changes)
        newest: dict[str, Change] = {}
        for change in changes:
            served = versions[change.id]
            if served is None or change.version > served:
                versions[change.id] = change.version
                newest[change.id] = change
        return sorted(newest.values(), key=lambda change: change.sequence)

    def _versions(self, changes: Sequence[Change]) -> dict[str, Version | None]:
        """What is served of each changed candidate, None where it is new."""
        names = list({change.id for change in changes})
        rows = self._base.rows(names)
        clocks = self._base.candidates.versions.select(["event_timestamp", "recorded_at"])
        released = clocks.take(pa.array(rows, mask=rows < 0)).to_pylist()
        versions: dict[str, Version | None] = {
            name: None if row < 0 else (clock["event_timestamp"], clock["recorded_at"])
            for name, row, clock in zip(names, rows, released, strict=True)
        }
        return versions | {name: self._newest[name].version for name in names if name in self._newest}


def _headline(row: Mapping[str, Any]) -> str:
    return headline(row["title"], row.get("city"), row.get("region"))
