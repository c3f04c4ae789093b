"""Encoded candidates as a folder of .npy files, mapped by whoever reads them: equal to encoding them again.

Knows how columns are spelled on disk, not what they mean. What a request says of candidates is not among them.
"""

from pathlib import Path

import numpy as np

from feature_repo.files.mapped import read_array, read_rows, write_arrays
from feature_repo.inputs.columns import TOKEN_COLUMNS, Headlines
from feature_repo.inputs.covisits import FOLDER, Covisits
from feature_repo.inputs.encoded import MARKS, CandidateColumns
from feature_repo.inputs.parties import PLACES, Party
from feature_repo.inputs.stored_features import CANDIDATE_STORED
from feature_repo.texts import TextVectors
from feature_repo.texts.weighing import BUCKETS, COMPONENTS
from metier.contract import Surface

LAYOUT = "layout"
"""File with the names of the stored columns and marks, in order."""


def write_candidates(folder: Path, columns: CandidateColumns) -> None:
    """Write the columns; `vectors` are written by themselves."""
    party = columns.party
    write_arrays(
        folder,
        {
            "skills": party.skills,
            "languages": party.languages,
            **{f"place_{name}": party.place[name] for name in PLACES},
            "level": party.level,
            "lowest_rate_usd": party.lowest_rate_usd,
            "highest_rate_usd": party.highest_rate_usd,
            "text_row": columns.text_row,
            "headlines": columns.headlines.lexical,
            "headline_row": columns.headlines.row,
            "identity": columns.identity,
            **{f"mark_{name}": codes for name, codes in columns.marks.items()},
            "since": columns.since,
            "stored": columns.stored,
            LAYOUT: np.array(_layout(columns.surface)),
        },
    )
    columns.covisits.write(folder / FOLDER)


def are_current(folder: Path, surface: Surface) -> bool:
    """Whether the columns that `write_candidates` left are those that this version reads."""
    if not (folder / f"{LAYOUT}.npy").exists():  # written before a layout had a name
        return bool(read_array(folder / "stored.npy").shape[1] == len(CANDIDATE_STORED[surface]) + COMPONENTS)
    written: list[str] = read_array(folder / f"{LAYOUT}.npy").tolist()
    return written == _layout(surface)


def _layout(surface: Surface) -> list[str]:
    return [*(stored.name for stored in CANDIDATE_STORED[surface]), *MARKS[surface]]


def read_candidates(folder: Path, surface: Surface, vectors: TextVectors) -> CandidateColumns:
    """The columns that `write_candidates` left, whose text rows are rows of `vectors`."""
    stored = read_array(folder / "stored.npy")
    unknown = np.broadcast_to(np.nan, len(stored))
    return CandidateColumns(
        surface=surface,
        vectors=vectors,
        party=_party(folder),
        text_row=read_array(folder / "text_row.npy"),
        headlines=Headlines(read_rows(folder, "headlines", BUCKETS), read_array(folder / "headline_row.npy")),
        identity=read_array(folder / "identity.npy"),
        marks={name: read_array(folder / f"mark_{name}.npy") for name in MARKS[surface]},
        since=read_array(folder / "since.npy"),
        application_age_hours=unknown,
        application_order=unknown,
        stored=stored,
        covisits=Covisits.read(folder / FOLDER),
    )


def _party(folder: Path) -> Party:
    return Party(
        read_rows(folder, "skills", TOKEN_COLUMNS),
        read_rows(folder, "languages", TOKEN_COLUMNS),
        {name: read_array(folder / f"place_{name}.npy") for name in PLACES},
        *(read_array(folder / f"{name}.npy") for name in ("level", "lowest_rate_usd", "highest_rate_usd")),
    )
