"""Where the rows of delimited text end, and which rows open a quote that is never closed.

A quote at the start of a cell opens it; two within it stand for one; any other closes it. A quote elsewhere is text. A
cell over several lines whose closing quote has text behind it was opened by mistake: that quote opens a later cell. One
with a backslash before such a quote is of a dialect that escapes quotes, which was not declared.
Knows bytes; nothing of columns.
"""

import re
from dataclasses import dataclass

import numpy as np

LONGEST_ROW = 1 << 26
"""Bytes; a cell that is open for longer is never closed."""
_WINDOW = 1 << 16
_FEW = 64
_LINE_ENDS = b"\n\r"
BACKSLASH = b"\\"

Positions = np.ndarray


@dataclass(frozen=True)
class Dialect:
    """Single bytes; without `quote` no cell is quoted, without `escape` no byte is escaped."""

    delimiter: bytes = b","
    quote: bytes | None = b'"'
    escape: bytes | None = None


@dataclass(frozen=True)
class Split:
    """A text's rows: the last whole one ends at `end`; `opens` and `closes` are the quotes of its quoted cells, sorted.

    `broken`: (start, end) of the lines whose quote is never closed, or closed behind a backslash.
    """

    text: bytes
    end: int
    broken: tuple[tuple[int, int], ...]
    opens: Positions
    closes: Positions

    def row_ends(self) -> Positions:
        """Where rows end, but for what is broken: positions behind their last bytes."""
        newlines = np.flatnonzero(np.frombuffer(self.text, np.uint8, self.end) == ord("\n"))
        ends: Positions = np.union1d(newlines[~self._is_within(newlines)] + 1, [self.end])
        return ends

    def loose_returns(self) -> Positions:
        """Carriage returns that stand outside of quoted cells and of line ends."""
        if self.text.count(b"\r", 0, self.end) == self.text.count(b"\r\n", 0, self.end):
            return np.array([], np.int64)
        codes = np.frombuffer(self.text, np.uint8)
        returns = np.flatnonzero(codes[: self.end] == ord("\r"))
        loose = returns[codes[np.minimum(returns + 1, len(codes) - 1)] != ord("\n")]
        outside: Positions = loose[~self._is_within(loose)]
        return outside

    def _is_within(self, positions: Positions) -> np.ndarray:
        """Which positions stand in a quoted cell."""
        nearest = np.searchsorted(self.opens, positions) - 1
        is_within: np.ndarray = (nearest >= 0) & (positions < np.append(self.closes, 0)[nearest])
        return is_within


def split(text: bytes, dialect: Dialect, is_last: bool) -> Split:
    """The rows of `text`, which starts with one; `is_last`: nothing comes behind it."""
    walk = _Walk(text, dialect, is_last)
    end = walk.end()
    none = np.array([], np.int64)
    opens, closes = (np.concatenate([none, *parts]) for parts in (walk.opens, walk.closes))
    return Split(text, end, tuple(walk.broken), opens, closes)


def escaped(codes: np.ndarray, escape: bytes) -> Positions:
    """Positions behind an odd number of escapes."""
    escapes = np.flatnonzero(codes == escape[0])
    begins = np.flatnonzero(np.diff(escapes, prepend=-2) != 1)
    lengths = np.diff(begins, append=len(escapes))
    odd = lengths % 2 == 1
    behind: Positions = escapes[begins[odd]] + lengths[odd]
    return behind


class _Walk:
    """Pairs the quotes of a text: many at once while each stands where it should, else one by one."""

    def __init__(self, text: bytes, dialect: Dialect, is_last: bool) -> None:
        self.broken: list[tuple[int, int]] = []
        self.opens: list[Positions] = []
        self.closes: list[Positions] = []
        self._text, self._dialect, self._is_last = text, dialect, is_last
        self._codes = np.frombuffer(text, np.uint8)
        self._quotes = self._quote_positions()
        self._edges = dialect.delimiter + _LINE_ENDS
        self._edge = re.compile(b"[%s]" % re.escape(self._edges))
        self._is_edge = np.isin(np.arange(256), list(self._edges))
        self._at = 0
        self._start = 0

    def end(self) -> int:
        """Walk through the text; where its last whole row ends."""
        some = _FEW
        while self._at < len(self._quotes):
            some = _FEW if self._pair_many() >= some else min(2 * some, _WINDOW)
            waiting = self._pair_singly(some)
            if waiting is not None:
                return self._row_start(waiting)
        return len(self._text) if self._is_last else self._row_start(len(self._text))

    def _quote_positions(self) -> Positions:
        if self._dialect.quote is None:
            return np.array([], np.int64)
        quotes = np.flatnonzero(self._codes == self._dialect.quote[0])
        if self._dialect.escape is None:
            return quotes
        return quotes[~np.isin(quotes, escaped(self._codes, self._dialect.escape))]

    def _pair_many(self) -> int:
        """Pair the next quotes up to the first that stands where none should; how many pairs that made."""
        window = self._quotes[self._at : self._at + _WINDOW]
        pairs = len(window) // 2
        opens, closes = window[: 2 * pairs : 2], window[1 : 2 * pairs : 2]
        behind = self._codes[np.minimum(closes + 1, len(self._codes) - 1)]
        is_doubled = np.zeros(pairs, bool)
        is_doubled[:-1] = opens[1:] == closes[:-1] + 1
        is_sound = (self._is_edge[behind] & (closes + 1 < len(self._codes))) | is_doubled
        before = self._is_edge[self._codes[opens - 1]] | (opens == 0)
        before[1:] |= is_doubled[:-1]
        is_sound &= before
        number = pairs if is_sound.all() else int(is_sound.argmin())
        while number and number < pairs and is_doubled[number - 1]:
            number -= 1
        if number:
            self._add(opens[:number], closes[:number])
            self._at += 2 * number
        return number

    def _pair_singly(self, most: int) -> int | None:
        """Pair about `most` quotes; the position of one that may be closed by what comes behind the text."""
        quotes = memoryview(self._quotes)  # type: ignore[arg-type]
        until = min(self._at + most, len(quotes))
        while self._at < until:
            opening = quotes[self._at]
            if opening and self._text[opening - 1] not in self._edges:
                self._at += 1
                continue
            last = self._at + 1
            while last + 1 < len(quotes) and quotes[last + 1] == quotes[last] + 1:
                last += 2
            if last >= len(quotes) or (quotes[last] + 1 == len(self._text) and not self._is_last):
                if self._may_be_closed(opening):
                    return opening
                if last >= len(quotes):
                    self._break(opening)
                    continue
            self._close(opening, quotes[last], last)
        return None

    def _may_be_closed(self, opening: int) -> bool:
        return not self._is_last and len(self._text) - opening <= LONGEST_ROW

    def _close(self, opening: int, closing: int, last: int) -> None:
        """A cell from quote to quote, with what stands behind it as text; or none, where that makes no sense."""
        self._at = last + 1
        if closing + 1 < len(self._text) and self._text[closing + 1] not in self._edges:
            is_escaped = self._dialect.escape is None and self._text.startswith(BACKSLASH, closing - 1)
            if is_escaped or self._text.find(b"\n", opening, closing) >= 0:
                self._break(opening)
                return
            edge = self._edge.search(self._text, closing)
            self._at = int(np.searchsorted(self._quotes, edge.start() if edge else len(self._text)))
        self._add(np.array([opening]), np.array([closing]))

    def _add(self, opens: Positions, closes: Positions) -> None:
        self.opens.append(opens)
        self.closes.append(closes)

    def _break(self, opening: int) -> None:
        """The lines of the row up to the one in which the quote stands are lost; read on behind them."""
        start = self._row_start(opening)
        self._start = self._text.find(b"\n", opening) + 1 or len(self._text)
        self._at = int(np.searchsorted(self._quotes, self._start))
        self.broken.append((start, self._start))

    def _row_start(self, position: int) -> int:
        """Where the row starts that holds the byte before `position`."""
        newline = self._text.rfind(b"\n", self._start, position)
        while newline >= 0:
            opening = self._opening(newline)
            if opening is None and not self._is_escaped(newline):
                return newline + 1
            newline = self._text.rfind(b"\n", self._start, newline if opening is None else opening)
        return self._start

    def _opening(self, position: int) -> int | None:
        """The opening quote of the cell that `position` stands in; None outside of quoted cells."""
        for opens, closes in zip(reversed(self.opens), reversed(self.closes), strict=True):
            if opens[0] <= position:
                nearest = int(np.searchsorted(opens, position, side="right")) - 1
                return int(opens[nearest]) if position < closes[nearest] else None
        return None

    def _is_escaped(self, position: int) -> bool:
        start = position
        while self._dialect.escape and self._text.startswith(self._dialect.escape, start - 1):
            start -= 1
        return (position - start) % 2 == 1
