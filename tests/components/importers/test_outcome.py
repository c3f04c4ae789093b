"""An import that was refused, as a whole or for the most part, is an error; one of what was there already is none."""

import pytest

from components.importers.ingest import IngestReport, TableReport
from components.importers.outcome import require_useful
from metier.errors import ContractError


def report(**tables):
    return IngestReport({name: TableReport(*counts) for name, counts in tables.items()})


def test_all_refused_is_an_error_that_says_why_and_what_to_do():
    refused = report(jobs=(5, 0, 0, 5, {"status is missing": 4, "title is missing": 1}))
    with pytest.raises(ContractError) as raised:
        require_useful(refused, "posts a.csv", most=1.0)
    assert str(raised.value) == (
        "posts a.csv: no row was written, all 5 were refused, 4 of them since 'status is missing'; "
        "mend the file or its mapping and import it again"
    )


def test_more_than_the_share_of_a_table_is_an_error():
    half = report(clients=(9, 9, 0, 0), jobs=(4, 2, 0, 2, {"title is missing": 2}))
    require_useful(half, "a", most=0.5)
    with pytest.raises(
        ContractError, match=r"2 of 4 rows of jobs were refused, more than the share of 0\.49; what was"
    ):
        require_useful(half, "a", most=0.49)


@pytest.mark.parametrize(
    "counts",
    [
        (3, 0, 3, 0),  # imported before
        (3, 1, 0, 2, {"repeats the text of job that its row in quarantine names": 2}),
        (3, 1, 0, 2, {"key repeats an earlier row with other content": 2}),
        (0, 0, 0, 0),
    ],
)
def test_what_was_there_or_has_an_earlier_row_for_it_is_no_failure(counts):
    require_useful(report(jobs=counts), "a", most=0.1)
