"""Model inputs of blocks, bit by bit, against features that are computed pair by pair with scalars."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from feature_repo.inputs.asked import ASKED_NAMES
from feature_repo.inputs.columns import Headlines, codes
from feature_repo.inputs.covisits import DAY_BITS, SHRINKAGE, YEAR, Covisits, day_of, day_of_key, key_of
from feature_repo.inputs.encoded import CandidateColumns, QueryColumns, history_view
from feature_repo.inputs.pair_features import MARK_SUMMARIES
from feature_repo.inputs.parties import JOB, PERSON, PLACES
from feature_repo.inputs.transforms import FEATURE_NAMES, pair_matrix
from feature_repo.texts import TextVectors
from feature_repo.texts.text import text_key
from feature_repo.views import HISTORY_MARKS, LONGEST, RECENT
from metier.contract import LEVELS, SURFACES, Surface
from metier.surfaces import surface_spec

NOW = datetime(2024, 3, 10, 5, tzinfo=UTC)
RNG = np.random.default_rng(11)
WORDS = [f"word{number}" for number in range(50)]
TEXTS = [" ".join(RNG.choice(WORDS, RNG.integers(5, 40))) for _ in range(40)]
KEYS = [text_key(text) for text in TEXTS]
IDS = [f"id{number}" for number in range(25)]
PLACE = ["Newark", "Lyon", "Kyiv", None]
DECAYING = 0.8 ** np.arange(LONGEST, dtype=np.float32)


def unit_rows(count: int) -> np.ndarray:
    rows = RNG.normal(size=(count, 384)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


VECTORS = TextVectors.build(KEYS, TEXTS, unit_rows(len(TEXTS)), titles=[" ".join(text.split()[:4]) for text in TEXTS])


def one_of(values: list[Any]) -> Any:
    return values[RNG.integers(len(values))]


def side(prefix: str) -> dict[str, Any]:
    """A person or a job, of which any part may be unknown."""
    number = RNG.integers(len(TEXTS))
    profile = {
        "text_key": one_of([KEYS[number], KEYS[number], "unknown", None]),
        "title": one_of([TEXTS[number][:20], None]),
        "skills": one_of([list(RNG.choice(WORDS[:12], RNG.integers(6))), None]),
        "linked_skills": list(RNG.choice(WORDS[:12], RNG.integers(2))),
        "languages": list(RNG.choice(["en", "de", "fr"], RNG.integers(3))),
        "experience_level": one_of([*LEVELS, None]),
        "hourly_rate_usd": one_of([20.0, 55.5, None]),
        "budget_kind": one_of(["hourly", "hourly", "fixed"]),
        "budget_min_usd": one_of([20.0, 31.7, None]),
        "budget_max_usd": one_of([55.5, 80.0, None]),
        "posted_at": NOW - timedelta(hours=float(RNG.integers(-5, 500))),
        "joined_at": one_of([NOW - timedelta(hours=float(RNG.integers(500))), None]),
        **{name: one_of(PLACE) for name in (*PLACES, "company", "industry", "agency_id")},
    }
    return {f"{prefix}{name}": value for name, value in profile.items()}


def history(view: str, length: int) -> dict[str, Any]:
    marks = [RECENT[mark] for mark in HISTORY_MARKS[view] if mark != "text_key"]
    moments = sorted((int(NOW.timestamp()) - int(RNG.integers(60, 200_000)) for _ in range(length)), reverse=True)
    given = {
        "recent_ids": [one_of([*IDS, ""]) for _ in range(length)],
        "recent_text_keys": [one_of([*KEYS, "unknown"]) for _ in range(length)],
        "recent_timestamps": moments,
        "interaction_count": float(length),
        **{name: [one_of([*PLACE[:3], ""]) for _ in range(length)] for name in marks},
    }
    return {f"{view}__{name}": value for name, value in given.items()}


def covisits() -> Covisits:
    """Random counts of all but a few of IDS, over some days before NOW and one after."""
    ranked = np.sort(codes(pa.table({"id": IDS[:20]}), "id"))
    today = int(NOW.timestamp()) // 86_400
    days = [today - 400, today - 2, today, today + 1]
    pairs = [np.unique(RNG.choice(20, 12)) for _ in ranked]
    return Covisits(
        candidates=ranked,
        starts=np.cumsum([0, *(len(others) * len(days) for others in pairs)]),
        others=np.concatenate([key_of(others.repeat(len(days)), np.tile(days, len(others))) for others in pairs]),
        counts=RNG.integers(1, 9, sum(map(len, pairs)) * len(days)).astype(np.int32),
        turns=key_of(np.arange(20).repeat(len(days)), np.tile(days, 20)),
        turn_counts=RNG.integers(1, 60, (20, len(days))).cumsum(axis=1).ravel().astype(np.int32),
    )


def world(surface: Surface) -> tuple[QueryColumns, CandidateColumns]:
    asks, shown = (PERSON, JOB) if surface_spec(surface).shows_jobs else (JOB, PERSON)
    view = history_view(surface)
    texts = {1: TEXTS[3], 3: "word1 word2", 6: "word3", 7: TEXTS[4]}
    queries = [
        {"event_timestamp": NOW + timedelta(hours=at), "text": texts.get(at), **side(asks), **history(view, length)}
        for at, length in enumerate([0, 1, 5, 8, 9, 16, 17, 25])
    ]
    candidates = [
        {**side(shown), "candidate_id": one_of([*IDS, None]), "application_age_hours": 2.0, "application_order": 1.0}
        for _ in range(60)
    ]
    typed = dict(zip((TEXTS[3], "word3"), unit_rows(2), strict=True))
    return (
        QueryColumns.encode(surface, pa.Table.from_pylist(queries), VECTORS, typed),
        CandidateColumns.encode(surface, pa.Table.from_pylist(candidates), VECTORS, covisits()),
    )


class Pair:
    """One query and one candidate, feature by feature."""

    def __init__(self, queries: QueryColumns, candidates: CandidateColumns, query: int, candidate: int) -> None:
        self.queries, self.candidates, self.q, self.c = queries, candidates, query, candidate
        self.past = range(int(queries.past.length[query]))

    def semantic(self, slot: np.ndarray, known: bool) -> np.float32 | None:
        """None where a side is unknown. float64 is exact, as float32 is for vectors on the grid."""
        row = self.candidates.text_row[self.c]
        vector = VECTORS.padded_dense[row].astype(np.float64)
        return np.float32(slot.astype(np.float64) @ vector) if known and row >= 0 else None

    def words(self, slots: Any, row: int, known: bool, shown: Any, candidate: int) -> np.float32 | None:
        """float32 sums over the candidate's terms, in their order."""
        if not known or candidate in (-1, shown.shape[0] - 1):
            return None
        terms = dict(zip(*elements(slots, row), strict=True))
        total = np.float32(0)
        for column, value in zip(*elements(shown, candidate), strict=True):
            total += value * terms.get(column, np.float32(0))
        return total

    def headline(self, own: Headlines, row: int) -> np.float32 | None:
        shown = self.candidates.headlines
        return self.words(own.lexical, row, row < own.lexical.shape[0] - 1, shown.lexical, shown.row[self.c])

    def texts(self) -> dict[str, Any]:
        requests, q = self.queries.requests, self.q
        row, own, shown = requests.row[q], self.queries.text_row[q], self.candidates.text_row[self.c]
        typed = row < requests.lexical.shape[0] - 1
        lexical = VECTORS.padded_lexical
        headlines = Headlines(requests.headlines, requests.row)
        near = [self.habit(text) for text in (own, *self.queries.past.text_row[q, : len(self.past)])]
        return {
            "semantic_cosine": self.semantic(VECTORS.padded_dense[own], own >= 0),
            "lexical_score": self.words(lexical, own, own >= 0, lexical, shown),
            "headline_score": self.headline(self.queries.headlines, self.queries.headlines.row[q]),
            "request_semantic": self.semantic(requests.dense[row], requests.has_vector[row]),
            "request_lexical": self.words(requests.lexical, row, typed, lexical, shown),
            "request_headline": self.headline(headlines, row),
            "request_own_semantic": near[0],
            "request_past_semantic": max((value for value in near[1:] if value is not None), default=None),
            "request_typed": float(typed),
        }

    def habit(self, text: int) -> np.float32 | None:
        row, requests = self.queries.requests.row[self.q], self.queries.requests
        cosine = np.float32(requests.dense[row].astype(np.float64) @ VECTORS.padded_dense[text].astype(np.float64))
        return cosine if requests.has_vector[row] and text >= 0 else None

    def history(self) -> dict[str, Any]:
        past, lexical = self.queries.past, VECTORS.padded_lexical
        shown, found = self.candidates.text_row[self.c], {}
        rows = [past.text_row[self.q, slot] for slot in self.past]
        kinds = {
            "past_semantic": [self.semantic(VECTORS.padded_dense[row], row >= 0) for row in rows],
            "past_lexical": [self.words(lexical, row, row >= 0, lexical, shown) for row in rows],
            "past_headline": [self.headline(past.headlines, past.headlines.row[self.q, slot]) for slot in self.past],
            "past_covisit": [self.covisit(past.identity[self.q, slot]) for slot in self.past],
        }
        for kind, values in kinds.items():
            found |= {f"{kind}_{name}": value for name, value in summary(values).items()}
        for mark, column in self.candidates.marks.items():
            seen = [past.marks[mark][self.q, slot] for slot in self.past]
            known = summary([np.float32(code == column[self.c]) if code and column[self.c] else None for code in seen])
            found |= {f"past_same_{mark}_{name}": known[of] for name, of in MARK_SUMMARIES.items()}
        return found

    def turns(self, row: int, day: int) -> int:
        """The newest count of a row by a day."""
        turns = self.candidates.covisits
        known = [count for key, count in zip(turns.turns, turns.turn_counts, strict=True)
                 if key >> DAY_BITS == row and day_of_key(key) <= day]  # fmt: skip
        return known[-1] if known else 0

    def covisit(self, identity: int) -> np.float32 | None:
        covisits, own = self.candidates.covisits, self.candidates.identity[self.c]
        if identity == 0 or own == 0:
            return None
        row, other = covisits.rows(np.array([identity, own]))
        if row < 0 or other < 0:
            return np.float32(0)
        day, of_row = int(day_of(self.queries.time[[self.q]])[0]), slice(covisits.starts[row], covisits.starts[row + 1])
        known = [count for key, count in zip(covisits.others[of_row], covisits.counts[of_row], strict=True)
                 if key >> DAY_BITS == other and day_of_key(key) <= day]  # fmt: skip
        weights = [np.sqrt(self.turns(at, day) + SHRINKAGE) for at in (other, row)]
        return np.float32((known[-1] if known else 0) / (weights[0] * weights[1]))

    def counts(self) -> dict[str, Any]:
        past, q, identity = self.queries.past, self.q, self.candidates.identity[self.c]
        row, day = int(self.candidates.covisits.rows(np.array([identity]))[0]), int(day_of(self.queries.time[[q]])[0])
        ever, before = self.turns(row, day), self.turns(row, day - YEAR)
        time, moments = self.queries.time[q], past.moments[q]
        known = identity != 0
        return {
            "past_seen": float(identity in past.identity[q, : len(self.past)]) if known else None,
            "past_count": np.log1p(past.count[q]),
            "past_distinct": float(len(self.past)),
            "past_hours_since_last": (time - moments[0]) / 3600,
            "candidate_turned_to": np.log1p(float(ever)) if known else None,
            "candidate_turned_to_365d": np.log1p(float(ever - before)) if known else None,
            "actor_interactions_1h": float(sum(time - moment < 3600 for moment in moments)),
            "actor_interactions_24h": float(sum(time - moment < 86_400 for moment in moments)),
            "candidate_age_days": np.maximum(time - self.candidates.since[self.c], 0) / 86_400,
            "application_age_hours": 2.0,
            "application_order": 1.0,
        }

    def sides(self) -> dict[str, Any]:
        one, other = (self.queries.party, self.q), (self.candidates.party, self.c)
        asks_as_person = surface_spec(self.queries.surface).side == "freelancer"
        (person, p), (job, j) = (one, other) if asks_as_person else (other, one)
        listed = dict(zip(*elements(person.skills, p), strict=True))
        required = dict(zip(*elements(job.skills, j), strict=True))
        both = float(sum(value * required[column] for column, value in listed.items() if column in required))
        speaks, asks = (set(elements(party.languages, row)[0]) for party, row in ((person, p), (job, j)))
        rate, low, high = person.lowest_rate_usd[p], job.lowest_rate_usd[j], job.highest_rate_usd[j]
        least, most = (high if np.isnan(low) else low), (low if np.isnan(high) else high)
        stated = not (np.isnan(rate) or np.isnan(least))
        inside = (np.isnan(low) or rate >= low) and (np.isnan(high) or rate <= high)
        gap = person.level[p] - job.level[j]
        places = {name: (person.place[name][p], job.place[name][j]) for name in PLACES}
        same = {
            f"{name}_match": float(one == other) if one and other else None for name, (one, other) in places.items()
        }
        return {
            "skill_overlap_count": both if required else None,
            "skill_jaccard": both / max(len(listed) + len(required) - both, 1) if listed and required else None,
            "skill_coverage": both / max(len(required), 1) if required else None,
            "language_match": float(bool(speaks & asks)) if speaks and asks else None,
            "rate_to_budget_log_ratio": np.log(rate) - (np.log(least) + np.log(most)) / 2,
            "rate_inside_budget": float(inside) if stated else None,
            "level_gap": gap,
            "level_match": None if np.isnan(gap) else float(gap == 0),
            **same,
        }


def elements(matrix: Any, row: int) -> tuple[np.ndarray, np.ndarray]:
    part = slice(matrix.indptr[:-1][row], matrix.indptr[1:][row])
    return matrix.indices[part], matrix.data[part]


def summary(values: list[np.float32 | None]) -> dict[str, Any]:
    """Of the slots that are known; sums over LONGEST slots in the order in which numpy sums a row of them."""
    known = [value for value in values if value is not None]
    padded, weights = np.zeros((2, LONGEST), np.float32)
    for slot, value in enumerate(values):
        if value is not None:
            padded[slot], weights[slot] = value, DECAYING[slot]
    with np.errstate(invalid="ignore"):
        decayed = (padded * weights).sum() / weights.sum()
    return {
        "max": max(known, default=None),
        "mean": np.float64(padded.sum()) / len(known) if known else None,
        "last": values[0] if values else None,
        "decayed": decayed if known else None,
    }


@pytest.mark.parametrize("surface", SURFACES)
def test_a_block_gives_what_each_pair_gives_by_itself(surface: Surface) -> None:
    queries, candidates = world(surface)
    pairs = [(query, candidate) for query in range(8) for candidate in range(query, 60, 4)]
    query, candidate = np.array(pairs).T
    inputs = pair_matrix(surface, queries, candidates, query, candidate)
    names = FEATURE_NAMES[surface]
    for row, pair in enumerate(Pair(queries, candidates, *both) for both in pairs):
        expected = {**pair.sides(), **pair.texts(), **pair.history(), **pair.counts()}
        known = {
            name: np.float32(np.nan) if value is None else np.float32(value)
            for name, value in expected.items()
            if name in names
        }
        found = {name: inputs[row, names.index(name)] for name in known}
        np.testing.assert_equal(found, known)
    stored = queries.stored.shape[1] + candidates.stored.shape[1]
    asked = len(ASKED_NAMES) if surface_spec(surface).retrieves else 0
    assert len(known) + asked + stored == len(names)
