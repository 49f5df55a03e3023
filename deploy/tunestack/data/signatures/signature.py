"""A data file in 12 bytes a line: enough to say which examples another file has too, and which it answers anew."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass, field

import xxhash

_MAGIC = b"tunestack-signature\x01"
"""The last byte is the version: of these bytes and of how examples are hashed (see `fingerprint`)."""

_COUNT_BYTES = 8
_CHECKSUM_BYTES = 8


class SignatureError(ValueError):
    """Bytes that are no signature that this version reads; the message says so."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Hashes of a file's lines, in the order of the file: entry n is of line n + 1.

    Args:
        lines: 64 bits of each example, its texts, roles and images, however its JSON is spelled; of a line that holds
            no right example, of its bytes; 0 of a blank line.
        inputs: 32 bits of all that comes before the example's last answer.
    """

    lines: array[int] = field(default_factory=lambda: array("Q"))
    inputs: array[int] = field(default_factory=lambda: array("I"))

    def __len__(self) -> int:
        return len(self.lines)

    def to_bytes(self) -> bytes:
        """Returns what `from_bytes` reads: version, count, hashes in little-endian order, checksum."""
        parts = (array("Q", [len(self.lines)]), self.lines, self.inputs)
        content = _MAGIC + b"".join(_little_endian(part).tobytes() for part in parts)
        return content + xxhash.xxh3_64_digest(content)

    @classmethod
    def from_bytes(cls, content: bytes) -> Signature:
        """Returns the signature that `to_bytes` wrote.

        Raises:
            SignatureError: it is another version's, cut off or damaged, or something else.
        """
        if content[: len(_MAGIC) - 1] != _MAGIC[:-1]:
            raise SignatureError("not the signature of a data file; check the file again to have one")
        if content[: len(_MAGIC)] != _MAGIC:
            raise SignatureError("the signature of another version of tunestack; check the file again to have one")
        body = memoryview(content)[len(_MAGIC) : -_CHECKSUM_BYTES]
        count = int.from_bytes(body[:_COUNT_BYTES], "little")
        signature = cls()
        whole = len(body) == _COUNT_BYTES + count * (signature.lines.itemsize + signature.inputs.itemsize)
        if not whole or xxhash.xxh3_64_digest(memoryview(content)[:-_CHECKSUM_BYTES]) != content[-_CHECKSUM_BYTES:]:
            raise SignatureError("a damaged signature of a data file; check the file again to have one")
        inputs_at = _COUNT_BYTES + count * signature.lines.itemsize
        signature.lines.frombytes(body[_COUNT_BYTES:inputs_at])
        signature.inputs.frombytes(body[inputs_at:])
        return cls(_little_endian(signature.lines), _little_endian(signature.inputs))


def _little_endian(numbers: array[int]) -> array[int]:
    """Turns the bytes of each number round where the machine writes them the other way."""
    if sys.byteorder == "little":
        return numbers
    turned = numbers[:]
    turned.byteswap()
    return turned
