"""A few people and jobs of a lake: what is posted about them at random, and what the rules on a batch make of it.

Knows the rules of eligibility and the change log; how replicas are started and timed is the caller's.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from harness.replicas import Replica

from components.retrieval.eligibility import FreelancerPool, JobPool
from components.retrieval.from_lake import newest_versions, pair_interactions
from components.retrieval.pair_facts import KINDS as PAIR_KINDS
from components.retrieval.pair_facts import PairFacts
from metier.changes import open_change_log
from metier.contract import KINDS, SIDES, Surface
from metier.errors import ServingError
from metier.lake import Lake
from metier.settings import Settings

PEOPLE, JOBS = 12, 12
"""Among so few that many acts are about the same pair."""
END_OF_TIME = datetime.fromisoformat("9999-01-01T00:00:00Z")
OWNED = (
    "SELECT DISTINCT job_id, client_id FROM jobs WHERE status = 'open' AND client_id IS NOT NULL ORDER BY ALL LIMIT $1"
)


Row = dict[str, Any]
Question = tuple[Surface, str, str | None]
"""Surface, actor, job."""


@dataclass
class Market:
    """Some people and jobs of a lake, what was posted about them, and what the rules make of it all."""

    settings: Settings
    surfaces: list[Surface]
    people: list[str]
    owners: dict[str, str]
    """Job -> client."""
    pools: tuple[JobPool, FreelancerPool]
    recorded: pa.Table
    """Interactions of the lake that pair rules read, and those that the change log holds."""
    sequence: int = 0

    @classmethod
    def of(cls, settings: Settings, replica: Replica) -> "Market":
        """The market of a home, nothing posted yet."""
        lake, served = Lake(settings.lake), list(replica.ready()["surfaces"])
        with lake.connect() as connection:
            owners = dict(connection.execute(OWNED, [JOBS]).fetchall())
        pools = (
            JobPool(newest_versions(lake, "job_feed", END_OF_TIME), PairFacts()),
            FreelancerPool(newest_versions(lake, "talent_search", END_OF_TIME), PairFacts()),
        )
        known = pair_interactions(lake, END_OF_TIME)
        return cls(settings, served, sorted(pools[1].ids)[:PEOPLE], owners, pools, known)

    def post(self, replica: Replica, rows: Sequence[Row]) -> float:
        """Seconds until the interactions were acknowledged; those that pair rules read are in the change log then."""
        begun = time.perf_counter()
        response = replica.http.post("/v1/interactions", json={"interactions": list(rows)})
        seconds = time.perf_counter() - begun
        if response.status_code != 200:
            raise ServingError(f"interactions were answered {response.status_code}: {response.text}")
        changes = open_change_log(self.settings).since(self.sequence, 1_000)
        held = {change.id for change in changes}
        missing = [
            row["interaction_id"] for row in rows if row["kind"] in PAIR_KINDS and row["interaction_id"] not in held
        ]
        if missing:
            raise ServingError(f"{missing} were acknowledged and are not in the change log")
        rows_held = [{name: change.row.get(name) for name in self.recorded.column_names} for change in changes]
        self.recorded = pa.concat_tables([self.recorded, pa.Table.from_pylist(rows_held, self.recorded.schema)])
        self.sequence = changes[-1].sequence if changes else self.sequence
        return seconds

    def expected(self, facts: PairFacts, question: Question) -> set[str]:
        """Who of the market's candidates may be shown, by the rules."""
        surface, actor, job = question
        jobs, people = (pool.with_facts(facts) for pool in self.pools)
        if isinstance(jobs, JobPool) and isinstance(people, FreelancerPool):
            if surface == "job_feed":
                found, ids = jobs.feed(actor), jobs.ids
            else:
                ids = people.ids
                found = (
                    people.applicants(actor, job or "") if surface == "applicant_review" else people.search(actor, job)
                )
        shown = {name for name, kept in zip(ids, found.mask, strict=True) if kept}
        return shown & set(self.candidates(surface))

    def candidates(self, surface: Surface) -> list[str]:
        return list(self.owners) if surface == "job_feed" else self.people

    def told(self, replica: Replica, question: Question) -> set[str]:
        """Who is shown by a replica."""
        surface, actor, job = question
        fixed = {"surface": surface, "actor_id": actor, "deadline_ms": 30_000, "k": 100}
        named = {"job_id": job} if job else {}
        return replica.slate({**fixed, **named, "candidates": self.candidates(surface)})

    def batch(self) -> PairFacts:
        """A batch of all interactions so far."""
        return PairFacts.from_interactions(self.recorded, END_OF_TIME)

    def about(self, row: Row) -> list[Question]:
        """The requests whose answers an interaction may change."""
        job = row.get("job_id") or next(job for job, client in self.owners.items() if client == row["client_id"])
        client = self.owners[job]
        questions: list[Question] = [
            ("job_feed", row["freelancer_id"], None), ("talent_search", client, job), ("applicant_review", client, job),
        ]  # fmt: skip
        return [question for question in questions if question[0] in self.surfaces]

    def everything(self) -> Iterator[Question]:
        """Every request of the market."""
        for person in self.people:
            yield from self.about({"freelancer_id": person, "job_id": next(iter(self.owners))})[:1]
        for job in self.owners:
            yield from self.about({"freelancer_id": self.people[0], "job_id": job})[1:]

    def acts(self, count: int) -> Iterator[Row]:
        """Random interactions of all kinds; some name a client alone, some happened earlier, some are sent again."""
        chosen, sent = random.Random(0), list[Row]()
        for number in range(count):
            if sent and chosen.random() < 0.05:
                yield chosen.choice(sent)
                continue
            job = chosen.choice(list(self.owners))
            row = {"interaction_id": f"bench-{number}", "kind": chosen.choice(KINDS), "side": chosen.choice(SIDES)}
            row |= {"freelancer_id": chosen.choice(self.people)}
            row |= {"client_id": self.owners[job]} if chosen.random() < 0.25 else {"job_id": job}
            if chosen.random() < 0.2:
                earlier = Lake(self.settings.lake).as_of() - timedelta(hours=chosen.randint(1, 1_000))
                row["event_timestamp"] = earlier.isoformat()
            sent.append(row)
            yield row
