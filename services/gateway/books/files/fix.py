"""FIX 4.4 messages: fields in, bytes with their length and checksum out.

Source: FIX Protocol specification, version 4.4 with errata 20030618, volume 1 (tag=value syntax,
body length and checksum) and volume 6 (fields).
"""

from collections.abc import Sequence
from dataclasses import dataclass

BEGIN_STRING = "FIX.4.4"
ENCODING = "UTF-8"  # of the encoded texts
_BEGIN = 8
_LENGTH = 9
_KIND = 35
_CHECKSUM = 10
_SEPARATOR = b"\x01"


class NotInFix(ValueError):
    """A text that no field of FIX can have: `name` is the field's in FIX, `tag` its number."""

    def __init__(self, tag: int, name: str, why: str) -> None:
        super().__init__(f"{name} ({tag}) {why}")
        self.tag = tag
        self.name = name
        self.why = why


@dataclass(frozen=True)
class Field:
    """A field of a message. `encoded`: letters outside of ASCII are written as UTF-8."""

    tag: int
    name: str
    value: str
    encoded: bool = False

    @property
    def content(self) -> bytes:
        """The value as bytes; raises `NotInFix`.

        The separator of fields would let one text write other fields, so no control character is
        written.
        """
        if not self.value:
            raise NotInFix(self.tag, self.name, "is empty")
        control = next((each for each in self.value if _is_control(each)), None)
        if control is not None:
            why = f"has the control character U+{ord(control):04X}: delete it"
            raise NotInFix(self.tag, self.name, why)
        if not self.encoded and not self.value.isascii():
            foreign = next(each for each in self.value if not each.isascii())
            raise NotInFix(self.tag, self.name, f"has {foreign!r}: write it in ASCII letters")
        return self.value.encode()


def _is_control(letter: str) -> bool:
    return ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0


def message(kind: str, header: Sequence[Field], body: Sequence[Field]) -> bytes:
    """One message: `header` after its type, `body` before the checksum; raises `NotInFix`.

    The length counts the bytes from the type up to the checksum; the checksum is the sum of all
    bytes before it, modulo 256, in three digits.
    """
    inner = _joined([Field(_KIND, "MsgType", kind), *header, *body])
    start = [Field(_BEGIN, "BeginString", BEGIN_STRING)]
    counted = _joined([*start, Field(_LENGTH, "BodyLength", str(len(inner)))]) + inner
    return counted + _joined([Field(_CHECKSUM, "CheckSum", f"{sum(counted) % 256:03d}")])


def _joined(fields: Sequence[Field]) -> bytes:
    return b"".join(b"%d=%b%b" % (each.tag, each.content, _SEPARATOR) for each in fields)
