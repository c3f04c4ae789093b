"""Texts that carry instructions, all of our own making and harmless, and the same texts with words that ask nothing."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

_ORDINARY = """
    a I we my in of on to by our and for the new web own day few team work with good time find well year skill clear
    learn early years since place quick client design detail market report online result project quality careful working
    learned support website business projects research complete together practice reference marketing languages spending
    different companies experience reasonable consultant successful background discussion requirement interesting
    appointment development description performance professional improvements architecture conversation
""".split()  # noqa: SIM905
BY_LENGTH = {length: [word for word in _ORDINARY if len(word) == length] for length in range(1, 13)}
"""Words of ordinary profiles and posts."""
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Attempt:
    """`text` is what a profile, post, query or question carries; `obeyed` is what a model writes that does as told."""

    name: str
    kind: str
    text: str
    obeyed: str

    @property
    def neutral(self) -> str:
        """The text with an ordinary word in the place of each, as long as that; the same for the same."""
        return _WORD.sub(lambda word: _ordinary(word[0]), self.text)


def _ordinary(word: str) -> str:
    others = BY_LENGTH[min(len(word), max(BY_LENGTH))]
    return others[crc32(word.lower().encode()) % len(others)].ljust(len(word), "s")


ATTEMPTS = tuple(Attempt(**each) for each in json.loads(Path(__file__).with_name("attempts.json").read_text()))
