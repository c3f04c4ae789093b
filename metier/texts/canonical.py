"""The one form in which texts are compared: styled letters, ligatures, dashes and invisible characters made plain.

Search, the encoder, masks, filters and keys all see this form; what is stored and shown stays as it was sent. It is
Unicode's NFKC (https://unicode.org/reports/tr15/) without what that loses, and letters that only look like others:

    C², m², CO₂              C2, m2, CO2: as people type them
    10⁶, 3½                  10^6, 3 1/2: an exponent or a fraction is no further digit
    Java™, Excel℠            Java, Excel: a sign behind a word is no part of it
    ①Plan                    1 Plan: a number in a circle is no part of the word beside it
    ¨ ¸ ˜                    stay, where NFKC gives a space and a mark that nobody typed
    🅑🅞🅞🅚, ʙᴏᴏᴋ, ❷, ٢, C♯  BOOK, book, 2, 2, C#, which NFKC leaves
    – — − ’ “ ”              - - - ' " "

Case stays. Pure and idempotent; knows no language.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise

_IGNORABLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE01EF),
)  # fmt: skip
"""Default_Ignorable_Code_Point of Unicode: soft hyphens, joiners, marks of direction, variation selectors."""
_COMPATIBLE = (
    range(0xA0, 0x3400), range(0xA000, 0xAC00), range(0xF900, 0x10000), range(0x10780, 0x107C0),
    range(0x1D400, 0x1D800), range(0x1EE00, 0x1EF00), range(0x1F100, 0x1F300), range(0x1FBF0, 0x1FBFA),
)  # fmt: skip
"""Where Unicode has characters that are compatible with others."""
_DIGITS = (
    range(0x660, 0x1C60), range(0x24F5, 0x2500), range(0x2776, 0x2794), range(0xA620, 0xABFA), range(0x104A0, 0x11E00),
    range(0x16A60, 0x16B60), range(0x1E140, 0x1E960),
)  # fmt: skip
"""Where Unicode has digits that are compatible with none of ASCII."""
_CAPITALS, _SMALL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"

_ALIKE = {
    **dict.fromkeys("‐‑‒–—―−⸺⸻﹘﹣－︱︲", "-"),
    **dict.fromkeys("‘’‚‛′´", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("™℠", ""),
    **dict.fromkeys("⁄∕", "/"),
    "♯": "#",
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
    **{chr(first + n): letter for first in (0x1F110, 0x1F150, 0x1F170) for n, letter in enumerate(_CAPITALS)},
    **{chr(0x249C + n): letter for n, letter in enumerate(_SMALL)},
}
"""Of each character what it stands for, where Unicode says something else or nothing."""
_EXPONENTS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")


def canonical(text: str) -> str:
    """The text in the form in which it is compared."""
    return text if text.isascii() else unicodedata.normalize("NFC", aligned(text))


def aligned(text: str) -> str:
    """`canonical` before marks are composed with their letters: what `origins` tells the positions of."""
    return text if text.isascii() else _BASIC.sub(_basic, _ASTRAL.sub(_astral, text))


def origins(text: str) -> list[int]:
    """For each character of `aligned(text)` the position in `text` of what it came from."""
    first = _origins(_ASTRAL, _astral, text)
    return [first[position] for position in _origins(_BASIC, _basic, _ASTRAL.sub(_astral, text))]


def _origins(pattern: re.Pattern[str], plain: Callable[[re.Match[str]], str], text: str) -> list[int]:
    positions, end = [], 0
    for match in pattern.finditer(text):
        positions += [*range(end, match.start()), *([match.start()] * len(plain(match)))]
        end = match.end()
    return [*positions, *range(end, len(text))]


def _astral(match: re.Match[str]) -> str:
    return _PLAIN.get(match[0], match[0])


def _basic(match: re.Match[str]) -> str:
    character, text = match[0], match.string
    plain = _PLAIN[character]
    before = text[match.start() - 1] if match.start() else " "
    if character in _EXPONENTS and before.isdecimal():
        return f"^{plain}"
    if character in _FRACTIONS and before.isdecimal():
        return f" {plain}"
    if character in _CIRCLED_NUMBERS:
        after = text[match.end() : match.end() + 1]
        return f"{' ' * before.isalpha()}{plain}{' ' * after.isalpha()}"
    return plain


def _compatible() -> Iterator[tuple[str, str]]:
    """Characters and their NFKC, but for accents that stand alone."""
    for character in map(chr, chain(*_COMPATIBLE)):
        plain = unicodedata.normalize("NFKC", character)
        if len(plain) > 1 and plain.startswith(" "):
            plain = unicodedata.normalize("NFC", character)
        if plain != character:
            yield character, "".join(_ALIKE.get(each, each) for each in plain)


def _digits() -> Iterator[tuple[str, str]]:
    """Decimal digits of all scripts, and those in filled circles."""
    for character in map(chr, chain(*_DIGITS)):
        value = unicodedata.digit(character, None)
        if value is not None and (unicodedata.category(character) == "Nd" or character < "\u2800"):
            yield character, str(value)


def _ranges(characters: Iterable[str]) -> str:
    """The characters as ranges of a character class, which is searched the faster the fewer there are."""
    codes = sorted(map(ord, characters))
    starts = [code for before, code in pairwise([-1, *codes]) if code != before + 1]
    ends = [code for code, after in pairwise([*codes, -1]) if after != code + 1]
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in zip(starts, ends, strict=True))


_INVISIBLE = frozenset(chr(code) for first, last in _IGNORABLE for code in range(first, last + 1))
_PLAIN = {**dict(_compatible()), **dict(_digits()), **_ALIKE, **dict.fromkeys(_INVISIBLE, "")}
_FRACTIONS = frozenset(character for character, plain in _PLAIN.items() if "/" in plain and plain[0].isdigit())
_CIRCLED_NUMBERS = frozenset(
    each for each in _PLAIN if unicodedata.numeric(each, None) is not None and "CIRCLED" in unicodedata.name(each)
)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_BASIC = re.compile(f"[{_ranges(each for each in _PLAIN if each < chr(0x10000))}]")
"""All characters past U+FFFF, and those before that change: one class of both is searched forty times slower."""
