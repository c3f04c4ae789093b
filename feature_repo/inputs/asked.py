"""What a typed text asks for, and how far a candidate meets it: skills, level, pay, place, languages.

Skills are compared by every spelling that the taxonomy knows, so that candidates keep the words they are listed with.
Knows one text and columns of candidates; no query and no history.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from feature_repo.inputs.columns import Codes, Doubles, Floats
from feature_repo.inputs.parties import Party
from feature_repo.texts.sparse_rows import SparseRows

ASKED_NAMES = (
    "asked_must_met", "asked_near_met", "asked_kindred_share", "asked_nice_met", "asked_unwanted_share",
    "asked_level_met", "asked_rate_met", "asked_country_met", "asked_language_met",
)  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """What one text asks for, as candidates are encoded; what is empty or infinite is not asked.

    Skills and languages are sorted columns of token_sets: of one skill all its spellings. near: per must skill itself
    and what the taxonomy puts next to it; kindred: all skills of the categories that the must skills belong to.
    """

    must: tuple[Codes, ...] = ()
    near: tuple[Codes, ...] = ()
    kindred: Codes | None = None
    nice: tuple[Codes, ...] = ()
    unwanted: tuple[Codes, ...] = ()
    languages: tuple[Codes, ...] = ()
    levels: tuple[float, ...] = ()
    countries: tuple[int, ...] = ()
    rate_usd: tuple[float, float] = (-np.inf, np.inf)

    def met(self, party: Party, rows: Codes) -> dict[str, Floats | Doubles]:
        """ASKED_NAMES that are asked of candidates `rows` of `party`; NaN where they do not say."""
        met: dict[str, Floats | Doubles] = {}
        if self.must or self.nice or self.unwanted:
            met |= self._skills(SparseRows.of(party.skills, rows))
        if self.languages:
            listed = SparseRows.of(party.languages, rows)
            met["asked_language_met"] = _share(listed, _counts(listed, self.languages))
        if self.levels:
            level = party.level[rows]
            met["asked_level_met"] = np.where(np.isnan(level), np.nan, np.isin(level, self.levels))
        if self.countries:
            country = party.place["country"][rows]
            met["asked_country_met"] = np.where(country == 0, np.nan, np.isin(country, self.countries))
        if np.isfinite(self.rate_usd).any():
            met["asked_rate_met"] = self._rate(party.lowest_rate_usd[rows], party.highest_rate_usd[rows])
        return met

    def _skills(self, listed: SparseRows) -> dict[str, Floats | Doubles]:
        groups = {
            "asked_must_met": self.must,
            "asked_near_met": self.near,
            "asked_nice_met": self.nice,
            "asked_unwanted_share": self.unwanted,
        }
        kindred = () if self.kindred is None else (self.kindred,)
        counts = _counts(listed, [*kindred, *itertools.chain(*groups.values())])
        met: dict[str, Floats | Doubles] = {}
        if kindred:
            many = listed.lengths
            met["asked_kindred_share"] = np.where(many == 0, np.nan, counts[0] / np.maximum(many, 1))
        first = len(kindred)
        for name, asked in groups.items():
            if asked:
                met[name] = _share(listed, counts[first : first + len(asked)])
            first += len(asked)
        return met

    def _rate(self, lowest: Doubles, highest: Doubles) -> Doubles:
        low = np.where(np.isnan(lowest), highest, lowest)
        high = np.where(np.isnan(highest), lowest, highest)
        least, most = self.rate_usd
        return np.where(np.isnan(low), np.nan, (high >= least) & (low <= most))


class ReadText(Protocol):
    """Says what a text asks for; the same for equal arguments, and cheap to ask again."""

    def __call__(self, text: str, unread: tuple[str, ...]) -> Ask:
        """What the text asks for but for the parts of its plan that are named in `unread`."""
        ...


def _share(listed: SparseRows, counts: Codes) -> Doubles:
    """(n,) share of what is asked, (groups, n) how often each row lists it; NaN where it lists nothing."""
    share: Doubles = np.where(listed.lengths == 0, np.nan, (counts > 0).sum(axis=0) / len(counts))
    return share


def _counts(listed: SparseRows, groups: Sequence[Codes]) -> Codes:
    """(groups, n) how many elements of each row are among the columns of each group."""
    columns, of_column = np.unique(np.concatenate(groups), return_inverse=True)
    inside = np.zeros((len(columns), len(groups)), np.bool_)
    inside[of_column, np.arange(len(groups)).repeat([len(group) for group in groups])] = True
    at = np.minimum(columns.searchsorted(listed.columns), len(columns) - 1)
    known = np.flatnonzero(columns[at] == listed.columns)
    element, group = np.nonzero(inside[at[known]])
    rows = len(listed.starts) - 1
    row = np.arange(rows).repeat(listed.lengths)[known[element]]
    return np.bincount(group * rows + row, minlength=len(groups) * rows).reshape(len(groups), rows)
