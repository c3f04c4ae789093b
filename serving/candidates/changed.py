"""What changed of one surface's candidates since its release, as a part of its own behind the release.

Of each candidate the newest version counts, (event_timestamp, recorded_at) deciding; one that the release holds
already, or holds a newer one of, is passed over, so changes may come again and late. So may interactions, whose pair
facts are the release's and those that came since. What windows say of a known candidate stays as of the release. Its
owner sees to it that only one thread grows it. Knows no ranker.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain
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
        self._newest: dict[str, tuple[int, Change]] = {}
        """Slot and version of each changed candidate, by slot."""
        self._rows = base.candidates.versions.slice(0, 0)
        self._features = base.candidates.features.slice(0, 0)
        """What the release would hold of them, in the same order."""
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
        fresh, rows, features = self._servable(newest)
        if not fresh:
            return
        slots = self._growing.add([text_of(change) for change in fresh], [_headline(change.row) for change in fresh])
        renewed = {change.id for change in fresh}
        unchanged = pa.array([name not in renewed for name in self._newest], pa.bool_())
        self._rows = pa.concat_tables([self._rows.filter(unchanged), rows]).combine_chunks()
        self._features = pa.concat_tables([self._features.filter(unchanged), features]).combine_chunks()
        for slot, change in zip(slots, fresh, strict=True):
            self._newest.pop(change.id, None)
            self._newest[change.id] = slot, change

    def candidates(self, sequence: int, clients: Mapping[str, str] = NO_CLIENTS) -> CandidateSpace:
        """The release and what changed up to `sequence`; `clients` are the statuses of those that changed."""
        if self._space is None:
            self._space = self._changed_space()
        return self._space.with_clients(clients).with_facts(self._facts, sequence)

    def _changed_space(self) -> CandidateSpace:
        vectors = self._vectors
        if not self._newest:
            return CandidateSpace(self._base, (), self._base.release.retriever, vectors)
        slots = np.array([slot for slot, _ in self._newest.values()], np.int64)
        part = self._part(self._rows, self._features)
        dense = vectors.dense_at(part.columns.text_row)
        return CandidateSpace(self._base, (part,), self._growing.view(slots, dense), vectors)

    @property
    def _vectors(self) -> TextVectors:
        """Of the release's texts and of those that changes brought."""
        released = self._base.candidates.vectors
        return released.overlaid(self._texts) if len(self._texts.names) else released

    def _part(self, rows: pa.Table, features: pa.Table) -> CandidateSnapshot:
        return CandidateSnapshot(self._base.candidates.others(rows, features, self._vectors), self._base.skill)

    def _servable(self, fresh: Sequence[Change]) -> tuple[list[Change], pa.Table, pa.Table]:
        """The changes that can be served, with what the release would hold of them; one that cannot be is left out."""
        if not fresh:
            return [], self._rows.slice(0, 0), self._features.slice(0, 0)
        try:
            rows = pa.Table.from_pylist([{**change.row, "id": change.id} for change in fresh], self._rows.schema)
            features = changed_features(self._base, fresh, self._read, self._taxonomy)
            self._part(rows, features)
        except Exception:
            if len(fresh) == 1:
                LOG.exception("change %d of %s cannot be served", fresh[0].sequence, self._table)
                return self._servable([])
            one_by_one = [self._servable([change]) for change in fresh]
            changes, rows, features = zip(*one_by_one, strict=True)
            return list(chain(*changes)), pa.concat_tables(rows), pa.concat_tables(features)
        return list(fresh), rows, features

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
        return versions | {name: self._newest[name][1].version for name in names if name in self._newest}


def _headline(row: Mapping[str, Any]) -> str:
    return headline(row["title"], row.get("city"), row.get("region"))
