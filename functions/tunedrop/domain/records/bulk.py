r"""Convert plain prompt/completion lines in bulk: decode without unescaping, splice into another format's shape.

A text goes from source to output as the JSON string it was. Nothing is unescaped or encoded again, and C code does
most of the work over whole blocks. A block is plain if all of this holds:

- each line is one object and nothing else: there are as many objects as lines, and every line begins with `{"`, which
  nothing that can follow a line feed inside such an object does;
- its fields are prompt and completion: the decoder refuses other and missing ones;
- no field occurs twice: the line has no room for even `"prompt":1,` beside its two texts;
- both are strings: their JSON begins with a quotation mark;
- it is valid JSON without lone surrogates, which the decoder checks, and UTF-8, which it does not;
- no line is so long that it could have more commas or brackets than are read;
- no line ends in CR LF, is blank or begins with a byte-order mark, because those must be counted.

Any other block is read line by line, and only that path decides what is wrong: this one can only save work.
"""

from __future__ import annotations

import io
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

import msgspec

from tunedrop.domain.base_models.catalogue import RecordFormat
from tunedrop.domain.records import elements, strict_json
from tunedrop.domain.records.record import Block, Record, Turn

T = TypeVar("T")

BLOCK_BYTES = 2**18
"""Larger blocks overflow the processor's cache; smaller ones cost more calls."""

_SHORTEST = len('{"prompt":,"completion":}\n')
_ROOM = len('"prompt":1,') - 1
"""Bytes a line may have beyond its texts and the shortest object around them, one less than a second field needs."""


_LONGEST = min(elements.MAX_COMMAS, strict_json.MAX_BRACKETS)
"""Bytes of a line that can have too many of either; whether it has, the slow path counts."""


class _Pair(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    prompt: msgspec.Raw
    completion: msgspec.Raw


_opens_object = operator.methodcaller("startswith", b'{"')
_opens_string = operator.methodcaller("startswith", b'"')
_prompt, _completion = operator.attrgetter("prompt"), operator.attrgetter("completion")
_text = msgspec.json.Decoder(str).decode
_pairs = msgspec.json.Decoder(_Pair).decode_lines


@dataclass(slots=True)
class _Fact(Generic[T]):
    """A function of a block that remembers its last result: several callers ask about the same block in a row."""

    find: Callable[[bytes], T]
    known: tuple[bytes, T] | None = None

    def __call__(self, block: bytes) -> T:
        known = self.known  # read block and result together, or another thread might replace one of them in between
        if known is None or known[0] is not block:
            known = self.known = block, self.find(block)
        return known[1]


lines = _Fact(lambda block: io.BytesIO(block).readlines())
"""The block's lines with their line feeds. Several times faster than split; only line feeds end a line."""

escapes_ascii = _Fact(lambda block: re.search(rb"\\u00[0-7]", block) is not None)
"""Whether any ASCII character is written as `\\uXXXX`; if so, searching for its literal form proves nothing."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The texts of consecutive records as JSON strings, quotation marks included."""

    prompts: Sequence[bytes]
    completions: Sequence[bytes]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.prompts)


def cells(block: bytes) -> Cells | None:
    """The texts of a block of whole lines, each ended by a line feed; None unless all lines are plain."""
    if b"\r" in block:
        return None
    each = lines(block)
    try:
        if not block.isascii():
            for line in each:
                line.isascii() or line.decode()  # msgspec.Raw would take bytes that are not UTF-8
        pairs = _pairs(block)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return None
    if len(pairs) != len(each) or not all(map(_opens_object, each)):
        return None
    if max(map(len, each), default=0) > _LONGEST:
        return None
    found = Cells(list(map(bytes, map(_prompt, pairs))), list(map(bytes, map(_completion, pairs))))
    texts = map(operator.add, map(len, found.prompts), map(len, found.completions))
    around = max(map(operator.sub, map(len, each), texts), default=0)
    return found if around <= _SHORTEST + _ROOM and _strings(found) else None


def _strings(found: Cells) -> bool:
    texts = chain(found.prompts, found.completions)
    return all(map(_opens_string, texts))


def records(found: Cells) -> Iterator[Record]:
    """The records of these texts, as the format's own reader makes them."""
    for prompt, completion in zip(found.prompts, found.completions, strict=True):
        question = Turn("$.prompt", "user", (Block("$.prompt", _text(prompt), None, prompt),))
        answer = Turn("$.completion", "assistant", (Block("$.completion", _text(completion), None, completion),))
        yield Record((), (question, answer))


def splice(found: Cells, record_format: RecordFormat, system: str | None = None) -> bytes:
    """Return the lines for Bedrock, byte for byte as the format's own writer would write them.

    `system` is ignored for prompt and completion, which have no system text.
    """
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
