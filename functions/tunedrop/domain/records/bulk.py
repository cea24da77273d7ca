r"""Many plain prompt/completion lines at once: decoded without unescaping, spliced into another format's shape.

A text goes from source to output as the JSON string that it was: nothing is unescaped, copied by character or encoded
again, and most of the work is done by C over whole blocks. What makes a block plain, and how each point is proved:

- each line is one object and nothing else: as many objects as lines, and every line begins with `{"` (nothing that
  can follow a line feed inside of an object of these fields does);
- its fields are prompt and completion: the decoder refuses others, and missing ones;
- no field stands twice: the line has no room for even `"prompt":1,` beside its two texts;
- both are strings: their JSON begins with a quotation mark;
- it is UTF-8 and good JSON, without lone surrogates: the decoder refuses those, except bytes that are not UTF-8;
- no line ends in CR LF, is blank or begins with a byte-order mark: these have to be counted.

A block that is not plain is read line by line, which alone decides what is wrong: this path can only save work.
"""

from __future__ import annotations

import io
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

import msgspec

from tunedrop.domain.base_models.catalogue import RecordFormat

T = TypeVar("T")

BLOCK_BYTES = 2**18
"""Larger blocks fall out of the processor's cache, smaller ones pay more for each call."""

_SHORTEST = len('{"prompt":,"completion":}\n')
_ROOM = len('"prompt":1,') - 1
"""What may stand around the two texts, beyond the shortest way to write them, before a field could stand twice."""


class _Pair(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    prompt: msgspec.Raw
    completion: msgspec.Raw


_opens_object = operator.methodcaller("startswith", b'{"')
_opens_string = operator.methodcaller("startswith", b'"')
_prompt, _completion = operator.attrgetter("prompt"), operator.attrgetter("completion")
_pairs = msgspec.json.Decoder(_Pair).decode_lines


@dataclass(slots=True)
class _Fact(Generic[T]):
    """Something about a block that is asked for several times in a row, found once."""

    find: Callable[[bytes], T]
    known: tuple[bytes, T] | None = None

    def __call__(self, block: bytes) -> T:
        known = self.known  # one reference to both: another thread's block never lends its fact to this one
        if known is None or known[0] is not block:
            known = self.known = block, self.find(block)
        return known[1]


lines = _Fact(lambda block: io.BytesIO(block).readlines())
"""The block's lines, ended by line feeds and nothing else; several times faster than split."""

escapes_ascii = _Fact(lambda block: re.search(rb"\\u00[0-7]", block) is not None)
"""Whether a character of ASCII may be written as `\\uXXXX`: then a search for it as it is proves nothing."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The texts of consecutive records as JSON strings, quotation marks included."""

    prompts: Sequence[bytes]
    completions: Sequence[bytes]

    def __len__(self) -> int:
        """Records."""
        return len(self.prompts)


def cells(block: bytes) -> Cells | None:
    """The texts of whole lines, each ended by a line feed; None where one of them is anything but plain."""
    if b"\r" in block:
        return None
    each = lines(block)
    try:
        if not block.isascii():
            for line in each:
                line.isascii() or line.decode()
        pairs = _pairs(block)
    except (UnicodeDecodeError, msgspec.DecodeError):
        return None
    if len(pairs) != len(each) or not all(map(_opens_object, each)):
        return None
    found = Cells(list(map(bytes, map(_prompt, pairs))), list(map(bytes, map(_completion, pairs))))
    texts = map(operator.add, map(len, found.prompts), map(len, found.completions))
    around = max(map(operator.sub, map(len, each), texts), default=0)
    return found if around <= _SHORTEST + _ROOM and _strings(found) else None


def _strings(found: Cells) -> bool:
    texts = chain(found.prompts, found.completions)
    return all(map(_opens_string, texts))


def splice(found: Cells, record_format: RecordFormat, system: str | None = None) -> bytes:
    """The lines for Bedrock, as that format's own writer writes them. Prompt and completion take no system text."""
    before, between, after = _shape(record_format, system)
    pairs = zip(found.prompts, found.completions, strict=True)
    return b"".join([piece for prompt, completion in pairs for piece in (before, prompt, between, completion, after)])


def _shape(record_format: RecordFormat, system: str | None) -> tuple[bytes, bytes, bytes]:
    text = None if system is None else msgspec.json.encode(system)
    if record_format == "prompt_completion":
        return b'{"prompt":', b',"completion":', b"}\n"
    if record_format == "messages":
        opening = b"" if text is None else b'"system":' + text + b","
        return (
            b"{" + opening + b'"messages":[{"role":"user","content":',
            b'},{"role":"assistant","content":',
            b"}]}\n",
        )
    opening = b"" if text is None else b'"system":[{"text":' + text + b"}],"
    return (
        b'{"schemaVersion":"bedrock-conversation-2024",' + opening + b'"messages":[{"role":"user","content":[{"text":',
        b'}]},{"role":"assistant","content":[{"text":',
        b"}]}]}\n",
    )
