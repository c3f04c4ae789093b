"""Judgements that a home keeps: people's own grades of logged pairs, and the newest agreement. Measures nothing."""

from dataclasses import dataclass
from pathlib import Path

from components.evaluation.judged.agreement import Agreement
from components.evaluation.judged.cases import known_queries, unknown_pairs
from components.language.judge import N_GRADES
from components.ranking_files import read_qrels, write_qrels
from components.ranking_files.trec import Judgements, iterations
from metier.durable import write_whole
from metier.errors import ContractError, InputError
from metier.lake import Lake
from metier.stored import as_json, from_json

OF_JUDGE = "judge"
"""Second column of qrels that a judge wrote, so that they are not taken for people's."""
PEOPLE, AGREEMENT = "people.qrels", "agreement.json"


@dataclass(frozen=True)
class ImportedJudgements:
    """What `import_judgements` took."""

    judgements: int
    queries: int
    replaced: int

    def render(self) -> str:
        """One line."""
        return f"{self.judgements:,} judgements of {self.queries:,} queries, {self.replaced:,} in place of earlier ones"


def people(folder: Path) -> Judgements:
    """People's judgements in settings.judgements; empty where none were imported, or all were forgotten."""
    path = folder / PEOPLE
    return read_qrels(path) if path.exists() and path.read_bytes().strip() else {}


def import_judgements(file: Path, folder: Path, lake: Lake) -> ImportedJudgements:
    """Add a file of qrels; of a pair that is there the new grade counts.

    InputError where a grade is not a whole number from 0 to 4 (below 0 counts as 0), a query or a candidate of its
    surface is not in the lake, or a judge wrote the file; nothing is taken then.
    """
    new, kept = read_qrels(file), people(folder)
    if OF_JUDGE in iterations(file):
        raise InputError(f"{file} holds grades that `metier judge export` wrote; import what people judged")
    for query, grades in new.items():
        for document, grade in grades.items():
            if grade not in range(N_GRADES):
                raise InputError(
                    f"{file}: {query} {document} has grade {grade:g}; grades are whole numbers from 0 to {N_GRADES - 1}"
                )
    unknown = set(new) - set(known_queries(lake, lake.as_of(), new))
    if unknown:
        raise InputError(
            f"{file}: {len(unknown)} of {len(new)} queries are not in the lake, such as {min(unknown)!r}; "
            "name queries by their query_id, or measure a run on the file: metier judge evaluate RUN --qrels FILE"
        )
    strange = unknown_pairs(lake, lake.as_of(), new)
    if strange:
        query, candidate = strange[0]
        raise InputError(
            f"{file}: {len(strange)} candidates are none of their query's surface in the lake, such as {candidate!r} "
            f"for {query!r}; correct the third column"
        )
    replaced = sum(document in kept.get(query, {}) for query, grades in new.items() for document in grades)
    for query, grades in new.items():
        kept[query] = kept.get(query, {}) | grades
    folder.mkdir(parents=True, exist_ok=True)
    write_qrels(kept, folder / PEOPLE)
    return ImportedJudgements(sum(map(len, new.values())), len(new), replaced)


def write_agreement(agreement: Agreement, folder: Path) -> None:
    """Keep an agreement in the place of the last one."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / AGREEMENT, as_json(agreement, indent=2))


def read_agreement(folder: Path) -> Agreement | None:
    """The newest agreement; None where the judge was never audited here, ContractError for a damaged file."""
    path = folder / AGREEMENT
    if not path.exists():
        return None
    try:
        return from_json(Agreement, path.read_bytes())
    except ValueError as error:
        raise ContractError(f"{path} holds no agreement of a judge; run `metier judge audit` again") from error
