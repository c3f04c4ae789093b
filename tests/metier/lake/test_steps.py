"""A lake of an earlier version is brought to this one: columns that came since, and masks that see more."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from metier.contract import CONTRACT_VERSION, JOBS, VERSION_KEY
from metier.lake import Lake
from metier.lake.exchange import Exchange
from metier.lake.upkeep import migrate

SINCE = ("salary_min_usd", "salary_max_usd")
STYLED = "Send work to 𝗮𝗻𝗻𝗮@𝗳𝗶𝗿𝗺.𝗰𝗼𝗺 – or call +1–415–555–0123"
MASKED = "Send work to [e-mail] – or call [phone]"


def job(name, description):
    row = {
        "job_id": name, "title": "𝗕𝗮𝗸𝗲𝗿", "description": description, "skills": ["ｂread"], "openings": 1,
        "visibility": "public", "status": "open", "event_timestamp": 0, "recorded_at": 0,
    }  # fmt: skip
    return {**dict.fromkeys(JOBS.schema.names), **row}


@pytest.fixture
def earlier(tmp_path):
    """A lake of version 1: a job that hides an address in styled letters, one that does not, and one refused row."""
    lake = Lake(str(tmp_path / "lake"))
    for name, description in (("j1", STYLED), ("j2", "Plain – “quoted”")):
        rows = pa.Table.from_pylist([job(name, description)], JOBS.schema)
        lake.append("jobs", rows)
    lake.quarantine(
        "jobs", pa.table({"job_id": ["j3"], "description": [STYLED], "note": [STYLED]}), pa.array(["x"]), "f"
    )
    for path in lake.files("jobs"):
        old = pq.read_table(path).drop_columns(list(SINCE)).replace_schema_metadata({VERSION_KEY: b"1"})
        Path(path).unlink()
        pq.write_table(old, path.replace("part-", "part-0"))
    return Lake(lake.url)


def contents(lake):
    return sorted(Lake(lake.url).read("jobs").to_pylist(), key=lambda row: row["job_id"])


def test_migration_masks_what_earlier_masks_missed_and_leaves_the_rest_as_it_was_sent(earlier):
    before = contents(earlier)
    report = migrate(earlier)
    after = contents(earlier)
    assert (report.upgraded, report.quarantine_masked) == (2, 1)
    assert after == [{**before[0], "description": MASKED}, before[1]]
    assert [row["title"] for row in after] == ["𝗕𝗮𝗸𝗲𝗿"] * 2
    (refused,) = earlier.quarantined("jobs")["row"].to_pylist()
    assert json.loads(refused) == {"job_id": "j3", "description": MASKED, "note": MASKED}


def test_a_second_migration_changes_nothing(earlier):
    migrate(earlier)
    files = {path: path.read_bytes() for path in sorted(_files(earlier))}
    report = migrate(Lake(earlier.url))
    assert (report.upgraded, report.current, report.quarantine_masked) == (0, 2, 0)
    assert {path: path.read_bytes() for path in sorted(_files(earlier))} == files


def test_a_migration_that_was_killed_after_any_file_is_finished_by_the_next(earlier, monkeypatch):
    expected = [{**contents(earlier)[0], "description": MASKED}, contents(earlier)[1]]
    calls = iter([None, KeyboardInterrupt])
    replace = Exchange.replace

    def killed(self, paths, written):
        if (stop := next(calls, None)) is not None:
            raise stop
        return replace(self, paths, written)

    monkeypatch.setattr(Exchange, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        migrate(earlier)
    assert len(contents(earlier)) == 2
    monkeypatch.undo()
    assert migrate(Lake(earlier.url)).upgraded == 1
    assert contents(earlier) == expected


def test_every_file_says_the_version_in_use(earlier):
    migrate(earlier)
    assert {schema.metadata[VERSION_KEY] for _, schema in Lake(earlier.url).schemas("jobs")} == {
        str(CONTRACT_VERSION).encode()
    }


def _files(lake):
    return Path(lake.url).rglob("*.parquet")
