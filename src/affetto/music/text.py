"""Text that strangers wrote, made fit for a database, a terminal and a comparison."""

import re
import unicodedata

__all__ = ["clean", "normalized"]

LONGEST = 300
"""Characters kept of a title or a name: what is longer is no title."""

# What turns the reading direction around and could make a name pose as another one.
_DIRECTION = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
_SURROGATE = re.compile("[\ud800-\udfff]")
_SEPARATORS = re.compile(r"[\W_]+")
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def clean(text: object, *, longest: int = LONGEST) -> str:
    r"""One line of plain text: no control characters, nothing that turns the reading direction, not too long.

    >>> clean(" A\x00B\n\u202egnos ", longest=6)
    'A B gn'
    """
    # Cut twice: before the work, for a text of megabytes, and after it, for the length that was promised.
    line = _BREAKS.sub(" ", _SURROGATE.sub("\ufffd", str(text)[: 4 * longest])).translate(_DIRECTION)
    return " ".join(unicodedata.normalize("NFC", line).split())[:longest].rstrip()


def normalized(text: str) -> str:
    """Letters and digits only, without case and accents, for comparing names.

    >>> normalized("Beyoncé & JAY-Z"), normalized("Sigur Rós")
    ('beyonce and jay z', 'sigur ros')
    >>> normalized("𝐒igur Ⓡós")
    'sigur ros'
    """
    # letters in other dress (𝐒, Ⓢ) become plain capitals first, which then lose their case
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold().replace("&", " and "))
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return _SEPARATORS.sub(" ", plain).strip()
