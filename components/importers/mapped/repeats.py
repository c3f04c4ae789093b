"""Which posts of a file say what an earlier one says: what tells two posts apart, and the reason of each that is none.

Two posts are one where client, company, place and the words of the title are equal, level and skills agree, and the
texts are near-duplicates. A text of few words says too little for that: there skills, level and pay are equal too.
Cells that were refused agree where they say the same.
Holds in memory the posts of one client, company, place and title at a time. Knows posts; no file.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.mapped.names import content_names, folded, words_of
from components.importers.mapped.near_duplicates import Text, near_duplicates
from components.importers.mapped.pieces import CONTRADICTS, NEAR, REPEATS, ROW, SOUND, Spill
from components.importers.mapped.said import SAID, said_of
from metier.contract import JOBS, TEXT, Table

SHORT = 20
"""A title and description of fewer words may be those of many jobs."""
SAME, BLOCK = "metier_same", "metier_block"
"""Columns with the name of a row's whole content, and of what two posts have in common if they are one."""

PLACE = ("client_id", "company", "country", "region", "city")
PAY = ("budget_kind", "budget_min_usd", "budget_max_usd", "salary_min_usd", "salary_max_usd")
TEXTS = ("title", "description")
_TRAITS = ("skills", "experience_level", *PAY)
_ROWS_A_BATCH = 10_000


def post_names(jobs: pa.Table) -> pa.Array:
    """Names of posts that have no id of their own: equal ones may be one post, others are told apart by the rule."""
    few = _is_short(jobs)
    columns = {}
    for name in (*PLACE, *TEXTS, *_TRAITS):
        if name in jobs.column_names:
            values = jobs[name]
            is_text = not pa.types.is_floating(values.type)
            columns[name] = folded(values) if is_text else values.combine_chunks()
            if name in PAY:
                columns[name] = pc.if_else(few, columns[name], pa.scalar(None, values.type))
    return content_names(columns, "post-")


def refused_of_posts(jobs: pa.Table) -> dict[str, pa.Array]:
    """What `said` has of the columns that tell posts apart; of pay, where the texts are short."""
    refused = said_of(jobs, (*PLACE, *TEXTS, *_TRAITS))
    few = _is_short(jobs) if refused else None
    for name in refused.keys() & {f"{SAID}{column}" for column in PAY}:
        refused[name] = pc.if_else(few, refused[name], pa.scalar(None, TEXT))
    return refused


def with_marks(jobs: pa.Table) -> pa.Table:
    """The posts with SAME and BLOCK, by which `repeats` finds those that are one."""
    content = {c.name: jobs[c.name] for c in JOBS.columns if c.name in jobs.column_names}
    content |= said_of(jobs, JOBS.schema.names)
    block = {name: folded(jobs[name]) for name in PLACE if name in jobs.column_names}
    block |= said_of(jobs, (*PLACE, "title"))
    block["title"] = words_of(jobs["title"])
    return jobs.append_column(SAME, content_names(content)).append_column(BLOCK, content_names(block))


def repeated_names(spill: Spill, declared: Table, unnamed: bool) -> dict[int, str]:
    """The reason of each sound row that has the name (and moment) of an earlier one and other content, by row."""
    name = declared.key[0]
    key = name if unnamed else f"{name}, event_timestamp"
    query = f"""
        SELECT {ROW}, {name}, kept FROM (
            SELECT {ROW}, {name}, {SAME}, min({ROW}) OVER of_key AS kept, first_value({SAME}) OVER of_key AS first
            FROM spilled WHERE {SOUND} WINDOW of_key AS (PARTITION BY {key} ORDER BY {ROW})
        ) WHERE {SAME} <> first ORDER BY {ROW}
    """
    one = declared.name.removesuffix("s")
    with spill.connect() as connection:
        found = connection.sql(query).fetchall()
    if unnamed and declared is JOBS:
        return {row: f"{REPEATS} {one} {kept_name} of row {kept}" for row, kept_name, kept in found}
    return {row: f"{CONTRADICTS} {one} {kept_name} of row {kept}" for row, kept_name, kept in found}


def repeated_posts(spill: Spill, set_aside: Sequence[int]) -> dict[int, str]:
    """The reason of each sound post, but those of the rows `set_aside`, that says what an earlier one says, by row."""
    reasons: dict[int, str] = {}
    with spill.connect() as connection:
        connection.register("gone", pa.table({ROW: pa.array(set_aside, pa.int64())}))
        for posts in _blocks(connection):
            texts = [Text(f"{post['title']}\n{post['description']}", post["job_id"], None) for post in posts]
            for position, twin in near_duplicates(texts, _may_repeat(posts)).items():
                kept = posts[twin.kept]
                named = f"job {kept['job_id']} of row {kept[ROW]}"
                is_equal = texts[position].words == texts[twin.kept].words
                reasons[posts[position][ROW]] = (
                    f"{REPEATS} {named}" if is_equal else f"{NEAR} {named} (similarity {twin.similarity:.2f})"
                )
    return reasons


def _blocks(connection: duckdb.DuckDBPyConnection) -> Iterator[list[dict[str, Any]]]:
    """The posts of each block that has more than one of them, in the order of the file."""
    described = connection.sql("DESCRIBE spilled").fetchall()
    looked_at = ("job_id", *TEXTS, *_TRAITS, *(f"{SAID}{name}" for name in _TRAITS))
    present = [name for name in looked_at if name in {row[0] for row in described}]
    query = f"""
        WITH kept AS (FROM spilled ANTI JOIN gone USING ({ROW}) WHERE {SOUND}),
        several AS (SELECT {BLOCK} FROM kept GROUP BY {BLOCK} HAVING count(DISTINCT job_id) > 1)
        SELECT {BLOCK}, {ROW}, {", ".join(present)} FROM kept SEMI JOIN several USING ({BLOCK}) ORDER BY {BLOCK}, {ROW}
    """
    batches = connection.sql(query).to_arrow_reader(_ROWS_A_BATCH)
    posts = (post for batch in batches for post in batch.to_pylist())
    for _, block in groupby(posts, lambda post: post[BLOCK]):
        yield list(block)


def _may_repeat(posts: Sequence[dict[str, Any]]) -> Callable[[int, int], bool]:
    """Whether what the posts say beside their texts lets two of them be one."""
    skills = [frozenset(skill.casefold() for skill in post.get("skills") or ()) for post in posts]
    levels = [post.get("experience_level") for post in posts]
    unread = [tuple(post.get(f"{SAID}{name}") for name in ("skills", "experience_level")) for post in posts]
    pay = [tuple(post.get(f"{begin}{name}") for name in PAY for begin in ("", SAID)) for post in posts]
    short = [len(f"{post['title']} {post['description']}".split()) < SHORT for post in posts]

    def may_repeat(one: int, other: int) -> bool:
        if unread[one] != unread[other]:
            return False
        if short[one] or short[other]:
            return (skills[one], levels[one], pay[one]) == (skills[other], levels[other], pay[other])
        agree = skills[one] <= skills[other] or skills[other] <= skills[one]
        return agree and (levels[one] == levels[other] or None in (levels[one], levels[other]))

    return may_repeat


def _is_short(jobs: pa.Table) -> pa.Array:
    words = pc.add(*(pc.list_value_length(pc.utf8_split_whitespace(pc.utf8_trim_whitespace(jobs[n]))) for n in TEXTS))
    return pc.less(words, SHORT).combine_chunks()
