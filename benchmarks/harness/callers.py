"""Who asks by metier.client, clicks on what is shown and puts new versions, and what such a caller saw."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from metier.client import Client, Interaction
from metier.errors import MetierError


@dataclass
class Callers:
    """One thread that asks for job feeds in turns, tells a click on each, and now and then puts a version of a job."""

    url: str
    asked: Sequence[Mapping[str, Any]]
    every_seconds: float = 0.2
    jobs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Columns by job, of which one is put after every `SLATES_A_PUT` slates."""
    acknowledged: list[str] = field(default_factory=list)
    """Ids of interactions."""
    put: int = 0
    slates: int = 0
    failures: list[str] = field(default_factory=list)
    """Slates that failed in its eyes."""
    refused: list[str] = field(default_factory=list)
    """Feedback and versions that were not acknowledged."""

    SLATES_A_PUT = 5

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="callers")

    def __enter__(self) -> "Callers":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        asked, jobs = cycle(self.asked), cycle(self.jobs.items())
        with Client(self.url) as client:
            while not self._ended.wait(self.every_seconds):
                self._ask(client, next(asked))
                if self.jobs and self.slates % self.SLATES_A_PUT == 0:
                    self._put(client, *next(jobs))

    def _ask(self, client: Client, asked: Mapping[str, Any]) -> None:
        try:
            slate = client.job_feed(**asked)
        except MetierError as error:
            self.failures.append(str(error))
            return
        self.slates += 1
        if slate.entries:
            job = slate.entries[0].candidate_id
            self._click(client, Interaction("click", "freelancer", asked["actor_id"], job, query_id=slate.query_id))

    def _click(self, client: Client, click: Interaction) -> None:
        try:
            client.tell(click)
        except MetierError as error:
            self.refused.append(str(error))
        else:
            self.acknowledged.append(click.interaction_id)

    def _put(self, client: Client, job: str, columns: Mapping[str, Any]) -> None:
        try:
            client.put_job(job, **{**columns, "title": f"{columns['title']}, {self.put}"})
        except MetierError as error:
            self.refused.append(str(error))
        else:
            self.put += 1
