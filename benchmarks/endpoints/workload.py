"""Requests for POST /v1/rank, and what a whole answer to one is. Knows the lake's actors and a release's candidates."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.releases.candidate_rows import VERSIONS
from feature_repo.files.mapped import read_table
from metier.errors import InputError
from metier.lake import Lake
from metier.settings import Settings

PATIENT_MS = 30_000
"""A deadline so far off that a request which runs late takes its time and gives up no tier."""
JOBS = "SELECT DISTINCT client_id, job_id FROM jobs WHERE client_id IS NOT NULL ORDER BY ALL"
ACTORS = {
    "job_feed": "SELECT freelancer_id, NULL FROM interactions WHERE side = 'freelancer' ORDER BY interaction_id",
    "talent_search": JOBS,
    "applicant_review": JOBS,
}
"""(actor, job): freelancers as often as they acted, clients once a job."""

Figures = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """Seeded requests of actors drawn anew each time for `size` candidates drawn anew each time."""

    surface: str
    actors: list[tuple[str, str | None]]
    candidates: list[str]
    size: int

    def bodies(self, seed: int, **fields: Any) -> Iterator[bytes]:
        """Without an end; `fields` are the same in all."""
        random = np.random.default_rng(seed)
        while True:
            actor, job = self.actors[random.integers(len(self.actors))]
            rows = random.choice(len(self.candidates), self.size, replace=False).tolist()
            chosen = [self.candidates[row] for row in rows]
            body = {"surface": self.surface, "actor_id": actor, "candidates": chosen, **fields}
            yield json.dumps({**body, "job_id": job} if job else body).encode()

    def fault(self, bundle: str, status: int, answer: Any) -> str | None:
        """What is wrong with an answer by `bundle`, in words that repeat."""
        if status != 200:
            return f"status {status}: {answer.get('error', answer) if isinstance(answer, dict) else answer}"
        if answer["bundle"] != bundle:
            return f"answered by {answer['bundle']}"
        if answer["degraded"]:
            return "without " + ", ".join(note.split(":")[0] for note in answer["degraded"])
        if answer["tier"] != "ensemble":
            return f"tier {answer['tier']}"
        return None if answer["considered"] == self.size else f"considered {answer['considered']} of {self.size}"


def workload_of(settings: Settings, served: Figures, surface: str, size: int) -> Workload:
    """Actors of the lake, and candidates of the release that is served of a surface."""
    if surface not in served:
        raise InputError(f"{surface!r} is not served here; use one of: {', '.join(served)}")
    release = settings.candidates / served[surface]["bundle"] / served[surface]["snapshot_version"].split("+")[0]
    candidates = read_table(release / VERSIONS)["id"].to_pylist()
    if len(candidates) < size:
        raise InputError(f"the release holds {len(candidates)} candidates; ask for no more with --candidates")
    with Lake(settings.lake).connect() as connection:
        actors = connection.execute(ACTORS[surface]).fetchall()
    if not actors:
        raise InputError(f"the lake at {settings.lake} holds no actor of {surface}; import interactions")
    return Workload(surface, actors, candidates, size)
