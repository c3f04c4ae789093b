"""What a typed text asks for, and how far a candidate meets it: skills, level, pay, place, languages.

Skills are compared by every spelling that the taxonomy knows, so that candidates keep the words they are listed with.
Knows one text and columns of candidates; no query and no history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sp

from feature_repo.inputs.columns import Codes, Doubles, Flags, Floats
from feature_repo.inputs.parties import Party

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
            met |= self._skills(party.skills[rows])
        if self.languages:
            met["asked_language_met"] = _share(party.languages[rows], self.languages)
        if self.levels:
            level = party.level[rows]
            met["asked_level_met"] = np.where(np.isnan(level), np.nan, np.isin(level, self.levels))
        if self.countries:
            country = party.place["country"][rows]
            met["asked_country_met"] = np.where(country == 0, np.nan, np.isin(country, self.countries))
        if np.isfinite(self.rate_usd).any():
            met["asked_rate_met"] = self._rate(party.lowest_rate_usd[rows], party.highest_rate_usd[rows])
        return met

    def _skills(self, listed: sp.csr_array) -> dict[str, Floats | Doubles]:
        groups = {
            "asked_must_met": self.must,
            "asked_near_met": self.near,
            "asked_nice_met": self.nice,
            "asked_unwanted_share": self.unwanted,
        }
        met: dict[str, Floats | Doubles] = {name: _share(listed, asked) for name, asked in groups.items() if asked}
        if self.kindred is not None:
            many = np.diff(listed.indptr)
            inside = _per_row(listed, _among(listed.indices, self.kindred))
            met["asked_kindred_share"] = np.where(many == 0, np.nan, inside / np.maximum(many, 1))
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


def _share(listed: sp.csr_array, asked: Sequence[Codes]) -> Doubles:
    """(n,) share of what is asked that each row lists; NaN where it lists nothing."""
    found = sum(_per_row(listed, _among(listed.indices, columns)) > 0 for columns in asked)
    share: Doubles = np.where(np.diff(listed.indptr) == 0, np.nan, np.asarray(found) / len(asked))
    return share


def _among(indices: Codes, columns: Codes) -> Flags:
    """Which of the indices are among `columns`, which ascend."""
    found: Flags = columns[np.minimum(np.searchsorted(columns, indices), len(columns) - 1)] == indices
    return found


def _per_row(listed: sp.csr_array, chosen: Flags) -> Codes:
    """(n,) how many of the chosen elements each row has."""
    sums: Codes = np.concatenate([[0], np.cumsum(chosen)])
    counts: Codes = sums[listed.indptr[1:]] - sums[listed.indptr[:-1]]
    return counts
