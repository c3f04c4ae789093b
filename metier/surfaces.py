"""What each surface is about: who asks, what may be shown, and where both are kept.

The one place that tells the surfaces apart by name. Knows no file, no feature and no ranker.
"""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from metier.contract import Side, Surface

_Table = Literal["jobs", "freelancers"]
_Key = Literal["job_id", "freelancer_id"]
_Prose = Literal["description", "overview"]
_Candidates = tuple[_Table, _Key, _Prose]


@dataclass(frozen=True)
class SurfaceSpec:
    """One surface. `side` asks; candidates are rows of `table`, named by `key` and described in its column `prose`."""

    name: Surface
    side: Side
    """Who asks: the actor is a client or a freelancer."""
    table: _Table
    key: _Key
    prose: _Prose
    _: KW_ONLY
    move: Literal["apply", "invite", "accept"]
    """The kind of interaction by which the actor turns to a candidate in earnest."""
    route: str
    """Path of its HTTP endpoint."""
    retrieves: bool = True
    """Whether candidates are searched for; else they are the open applicants of a job."""

    @property
    def shows_jobs(self) -> bool:
        return self.table == "jobs"

    @property
    def candidate(self) -> Literal["job", "freelancer"]:
        """Name of the candidate's entity in the feature store; its views begin with it."""
        return "job" if self.shows_jobs else "freelancer"

    @property
    def profile_view(self) -> str:
        """Feature view of the candidate's newest version."""
        return f"{self.candidate}_profile"

    @property
    def actor_key(self) -> str:
        """Column that names the actor."""
        return f"{self.side}_id"


def _specs() -> Iterator[SurfaceSpec]:
    talent: _Candidates = ("freelancers", "freelancer_id", "overview")
    yield SurfaceSpec("talent_search", "client", *talent, move="invite", route="/v1/search/talent")
    yield SurfaceSpec("job_feed", "freelancer", "jobs", "job_id", "description", move="apply", route="/v1/feed/jobs")
    yield SurfaceSpec(
        "applicant_review", "client", *talent, move="accept", route="/v1/review/applicants", retrieves=False
    )


_BY_NAME: dict[Surface, SurfaceSpec] = {spec.name: spec for spec in _specs()}


def surface_spec(name: Surface) -> SurfaceSpec:
    """What the surface of this name is about."""
    return _BY_NAME[name]
