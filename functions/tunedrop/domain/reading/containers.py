"""Open a file as what its bytes say it is, check that against its extension, and read its elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from tunedrop.domain.parquet import Ask
from tunedrop.domain.reading import arrays, file_kinds, gzipped, lines, tables
from tunedrop.domain.reading.file_kinds import Container, Found
from tunedrop.domain.records.defects import Defect, UnreadableContent, shown
from tunedrop.domain.records.elements import Element
from tunedrop.domain.records.sources import Source

JSON_LINES = "jsonl"

_SAME = {"ndjson": JSON_LINES}
"""Extensions that are other names of the same."""
_JSON: frozenset[str] = frozenset({"jsonl", "json"})
_UNITS: dict[Container, str] = {"jsonl": "line", "json": "element", "csv": "row", "tsv": "row", "parquet": "row"}


_SEPARATED = {";": "semicolon_separated", "|": "pipe_separated"}


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened file that is not read yet. `chunks` are its bytes, unpacked if it was compressed."""

    name: str
    """What the file is: `jsonl`, `json`, `csv` or `tsv`, with `.gz` if compressed, or `parquet`."""
    unit: str
    """What messages call one element: line, element or row."""
    found: Found
    chunks: Iterator[bytes]
    source: Source

    def elements(
        self, normalised: Counter[str], ask: Ask | None = None, mapped: frozenset[str] = frozenset()
    ) -> Iterator[Element]:
        """Yield the elements in order; may be called once. Raises UnreadableContent if the rest cannot be read.

        `ask` says which columns of a Parquet file are needed; all are if it is None. `mapped` are names of columns that
        a mapping knows.
        """
        match self.found.container:
            case "json":
                return arrays.read(_without_mark(self.chunks, normalised))
            case "csv" | "tsv":
                chunks = _without_mark(self.chunks, normalised)
                return tables.read(chunks, self.found.delimiter, normalised, mapped=mapped)
            case "parquet":
                return _parquet(self.source, ask)
        return lines.read(self.chunks, normalised)


def open_file(source: Source, extension: str, normalised: Counter[str]) -> Opened:
    """Open a file by its first bytes. Raises UnreadableContent if it is no container or its extension is another's."""
    head, chunks = _head(source.chunks())
    base, is_gz = _split(extension)
    found = _identify(head, base)
    if found.container == "gz":
        opened = _open_gzip(source, chunks, base)
        if not is_gz and extension:
            raise _misnamed("gz", extension, f"{opened.name}")
    else:
        opened = Opened(found.container, _UNITS[found.container], found, chunks, source)
        if is_gz:
            raise _misnamed(found.container, extension, found.container)
    _confirm(opened, base, extension, normalised)
    return opened


def _split(extension: str) -> tuple[str, bool]:
    base, _, rest = extension.casefold().partition(".")
    if base == "gz" and not rest:
        return "", True
    return _SAME.get(base, base), rest == "gz"


def _head(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    taken: list[bytes] = []
    size = 0
    for chunk in chunks:
        taken.append(chunk)
        size += len(chunk)
        if size >= file_kinds.HEAD_BYTES:
            break
    head = b"".join(taken)
    return head[: file_kinds.HEAD_BYTES], chain([head], chunks)


def _identify(head: bytes, base: str) -> Found:
    found = file_kinds.identify(head, base)
    if isinstance(found, Defect):
        raise UnreadableContent(found)
    return found


def _open_gzip(source: Source, chunks: Iterator[bytes], base: str) -> Opened:
    head, unpacked = _head(gzipped.inflate(chunks, gzipped.budget(source.size)))
    found = _identify(head, base)
    if found.container in {"gz", "parquet"}:
        inside = file_kinds.TITLES[found.container]
        raise UnreadableContent(Defect("unsupported_file", f"The file is {inside} inside a gzip file.", hint=_ONCE))
    return Opened(f"{found.container}.gz", _UNITS[found.container], found, unpacked, source)


_ONCE = "Compress text once, and Parquet, which is compressed already, not at all."


def _confirm(opened: Opened, base: str, extension: str, normalised: Counter[str]) -> None:
    container = opened.found.container
    if base == "parquet" and container == JSON_LINES:
        raise UnreadableContent(Defect("unsupported_file", "The file is named .parquet but is not a Parquet file."))
    if base in _UNITS and base != container and not {base, container} <= _JSON:
        raise _misnamed(container, extension, opened.name)
    if base != container and {base, container} <= _JSON:
        normalised["json_array" if container == "json" else "json_lines"] += 1
    if separated := _SEPARATED.get(opened.found.delimiter):
        normalised[separated] += 1


def _misnamed(container: Container, extension: str, right: str) -> UnreadableContent:
    message = f"The file is {file_kinds.TITLES[container]}, but is named {shown(f'.{extension}')}."
    return UnreadableContent(Defect("wrong_extension", message, hint=f"Name it .{right}."))


def _without_mark(chunks: Iterator[bytes], normalised: Counter[str]) -> Iterator[bytes]:
    first = next(chunks, b"")
    text = first.removeprefix(lines.BYTE_ORDER_MARK)
    if len(text) < len(first):
        normalised["byte_order_mark"] += 1
    return chain([text], chunks)


def _parquet(source: Source, ask: Ask | None) -> Iterator[Element]:
    # Imported here because its library is large and in a Lambda layer of its own, which readers of text do without.
    from tunedrop.domain.parquet import reader  # noqa: PLC0415

    yield from reader.read(source, ask) if ask else reader.read(source)
