"""Names for rows that have none of their own: what tells two of them apart, in its canonical form, hashed.

Equal content has equal names, whatever the order of the rows. Knows columns and SQL; no table and no rule.
"""

import re
from collections.abc import Callable, Mapping

import duckdb
import pyarrow as pa

from metier.contract import TEXT, TEXT_LIST, TIMESTAMP
from metier.texts.canonical import canonical
from metier.texts.plain_text import one_line

_FIELD, _MEMBER = "chr(31)", "chr(29)"
_WORD = re.compile(r"[^\W_]+[+#]*")
_SPELLED = {TEXT: "{}", TEXT_LIST: f"array_to_string(list_sort({{}}), {_MEMBER})", TIMESTAMP: "epoch_us({})::VARCHAR"}
"""SQL that spells a value of each type; others as DuckDB casts them."""


def content_names(columns: Mapping[str, pa.ChunkedArray | pa.Array], prefix: str = "") -> pa.Array:
    """`prefix` and 24 hexadecimal digits of the SHA-256 over the columns' names and values, row by row.

    A missing value is as a missing column; of a list, the order does not count.
    """
    spelled = (
        f"'{name}=' || nullif({_SPELLED.get(values.type, '{}::VARCHAR').format(name)}, '')"
        for name, values in columns.items()
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("incoming", pa.table(dict(columns)))
        query = (
            f"SELECT '{prefix}' || left(sha256(concat_ws({_FIELD}, {', '.join(spelled)})), 24) AS name FROM incoming"
        )
        names = connection.sql(query).to_arrow_table()["name"]
    return names.cast(TEXT).combine_chunks()


def folded(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Texts, or lists of texts, in the form in which they are compared."""
    return _each_text(values, lambda text: canonical(one_line(text)).casefold())


def words_of(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The words of texts in the form in which they are compared: 'C++ developer!' as 'c++ developer'."""
    return _each_text(values, lambda text: " ".join(_WORD.findall(canonical(one_line(text)).casefold())))


def _each_text(values: pa.ChunkedArray | pa.Array, change: Callable[[str], str]) -> pa.Array:
    """Each distinct text is changed once."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    lists = pa.types.is_list(whole.type)
    coded = (whole.flatten() if lists else whole).dictionary_encode()
    changed = pa.array([change(text) for text in coded.dictionary.to_pylist()], TEXT).take(coded.indices)
    if not lists:
        return changed
    lengths = whole.value_lengths().fill_null(0)
    offsets = pa.array([0, *lengths.to_numpy().cumsum()], pa.int32())
    return pa.ListArray.from_arrays(offsets, changed, mask=whole.is_null())
