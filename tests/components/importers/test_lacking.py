"""What rows name and the lake does not hold is told with the next move."""

from datetime import UTC, datetime

import pyarrow as pa

from components.importers.ingest import ingest
from components.importers.lacking import lacking
from metier.lake import Lake

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def job(name, client):
    required = {"title": "Cook", "description": "", "skills": [], "visibility": "public", "status": "open"}
    return {"job_id": name, "client_id": client, **required, "event_timestamp": DAY}


def click(name, job_id):
    who = {"kind": "click", "side": "freelancer", "freelancer_id": "f1"}
    return {"interaction_id": name, **who, "job_id": job_id, "event_timestamp": DAY}


def test_each_missing_table_is_one_line_with_counts_of_ids(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    jobs = pa.Table.from_pylist([job("j1", "c1"), job("j2", "c1"), job("j3", None)])
    clicks = pa.Table.from_pylist([click("a", "j1"), click("b", "j8"), click("c", "j9"), click("d", "j9")])
    report = ingest(lake, [("jobs", "f", jobs), ("interactions", "f", clicks)], DAY)
    told = lacking(lake, report.tables)
    assert [line.split(";")[0] for line in told] == [
        "jobs name 1 clients, of 1, that the lake does not hold",
        "interactions name 1 freelancers, of 1, that the lake does not hold",
        "interactions name 2 jobs, of 3, that the lake does not hold",
    ]
    assert "`metier import clients`" in told[0]


def test_a_lake_that_holds_all_says_nothing(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    client = pa.Table.from_pylist([{"client_id": "c1", "status": "active", "event_timestamp": DAY}])
    report = ingest(lake, [("clients", "f", client), ("jobs", "f", pa.Table.from_pylist([job("j1", "c1")]))], DAY)
    assert lacking(lake, report.tables) == ()
