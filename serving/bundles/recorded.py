"""Requests to try a bundle on: the last ones that this home answered, and some made of the candidates themselves.

The newest queries of the event log count first, then those of the lake. Reads their ends alone, whatever their length.
Knows what a query looks like in both; answers nothing.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow.parquet as pq

from metier.contract import ANONYMOUS, SURFACES, Surface
from metier.settings import Settings
from metier.surfaces import surface_spec
from serving.candidates.space import CandidateSpace
from serving.request.ranking import RankingRequest

LOG = logging.getLogger(__name__)
MOST = 12
"""Recorded requests of a surface."""
TAIL_BYTES, SEGMENTS, FILES = 2 << 20, 4, 4
"""That much of the last segments of the event log, and of so many files of the lake the end, is looked through."""
MADE = 2
MADE_CANDIDATES = 50
COLUMNS = ("surface", "actor_id", "job_id", "text", "filters")
QUERY = b'{"table":"queries"'

Requests = Mapping[Surface, list[RankingRequest]]


def recorded_requests(settings: Settings) -> Requests:
    """The last MOST requests of each surface, the newest first; fewer, or none, where fewer were recorded."""
    found: dict[Surface, list[RankingRequest]] = {surface: [] for surface in SURFACES}
    for source in (_of_event_log(settings.events), _of_lake(settings.lake)):
        try:
            for row in source:
                if len(found.get(row["surface"], [None] * MOST)) < MOST:
                    found[row["surface"]].append(_request(row))
        except Exception:  # whatever is amiss with what was recorded, other requests are made
            LOG.warning("recorded requests could not be read", exc_info=True)
    return found


def made_requests(candidates: CandidateSpace) -> list[RankingRequest]:
    """MADE requests of a visitor for some of the candidates; where there is a text to type, by what one is called."""
    surface = candidates.surface
    if not len(candidates):
        return []
    spread = np.unique(np.linspace(0, len(candidates) - 1, MADE_CANDIDATES).astype(np.int64))
    shown = candidates.ids_at(spread)
    if not surface_spec(surface).retrieves:
        return [RankingRequest(surface, "", candidates=shown)]
    titles = [row.get("title") for row in candidates.versions(spread[:MADE], ["title"])]
    return [RankingRequest(surface, "", text=title, candidates=shown) for title in titles]


def _of_event_log(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Rows of queries, the newest first."""
    for path in sorted(folder.glob("*.jsonl"), reverse=True)[:SEGMENTS]:
        with path.open("rb") as segment:
            segment.seek(max(path.stat().st_size - TAIL_BYTES, 0))
            lines = segment.read().split(b"\n")
        for line in reversed(lines[:-1]):
            if line.startswith(QUERY):
                yield json.loads(line)["row"]


def _of_lake(url: str) -> Iterator[Mapping[str, Any]]:
    """Rows of queries in the last rows of the newest files, the newest first."""
    paths, opened = _files_of(url)
    for path in sorted(paths, reverse=True)[:FILES]:
        with opened(path) as handle:
            parquet = pq.ParquetFile(handle)
            rows = parquet.read_row_group(parquet.num_row_groups - 1, columns=list(COLUMNS))
        yield from reversed(rows.to_pylist())


def _files_of(url: str) -> tuple[Iterable[str], Callable[[str], IO[bytes]]]:
    """Paths of the queries, and what opens one; a lake in a folder costs no import of fsspec, which takes 7 MiB."""
    pattern = "queries/event_date=*/part-*.parquet"
    if "://" not in url:
        return map(str, Path(url).glob(pattern)), lambda path: Path(path).open("rb")
    from fsspec.core import url_to_fs

    files, root = url_to_fs(url)
    return files.glob(f"{root}/{pattern}"), files.open


def _request(row: Mapping[str, Any]) -> RankingRequest:
    visitor = str(row["actor_id"]).startswith(ANONYMOUS)
    return RankingRequest(
        row["surface"],
        "" if visitor else row["actor_id"],
        job_id=row.get("job_id"),
        text=row.get("text"),
        filters=json.loads(row.get("filters") or "{}"),
    )
