"""What a later OpenAPI document takes from those who rely on an earlier one: gone, newly asked for, or narrowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
FLOORS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
CEILINGS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "multipleOf", "uniqueItems")
"""No telling which of two is narrower: any other than before counts."""


@dataclass(frozen=True, slots=True)
class Document:
    """An OpenAPI document."""

    content: Mapping[str, Any]

    def resolve(self, schema: Schema) -> Schema:
        """The schema behind a reference."""
        while "$ref" in schema:
            name = str(schema["$ref"]).removeprefix("#/components/schemas/")
            schema = self.content["components"]["schemas"][name]
        return schema

    def choices(self, schema: Schema) -> dict[str, Schema]:
        """The schemas of which a value may follow any, by type; `any` for one without a type."""
        found = self.resolve(schema)
        return {
            str(each.get("type", "any")): each
            for each in (self.resolve(one) for one in found.get("anyOf", found.get("oneOf", [found])))
        }


def taken(old: Document, new: Document) -> Iterator[str]:
    """Every place, as `METHOD /path: …`, at which the new document breaks a caller of the old one."""
    for path, methods in old.content["paths"].items():
        for method, operation in methods.items():
            label, now = f"{method.upper()} {path}", new.content["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{label}: gone"
                continue
            yield from (f"{label}: {words}" for words in _parameters(old, new, operation, now))
            yield from (f"{label}: {words}" for words in _bodies(old, new, operation, now))
            yield from (f"{label}: {words}" for words in _answers(old, new, operation, now))


def _parameters(old: Document, new: Document, was: Schema, now: Schema) -> Iterator[str]:
    before, after = ({each["name"]: each for each in one.get("parameters", ())} for one in (was, now))
    for name, each in after.items():
        if each.get("required") and not before.get(name, {}).get("required"):
            yield f"parameter {name} is newly required"
    for name, each in before.items():
        if name not in after:
            yield f"parameter {name} is gone"
        else:
            yield from narrowed((old, each["schema"]), (new, after[name]["schema"]), f"parameter {name}")


def _bodies(old: Document, new: Document, was: Schema, now: Schema) -> Iterator[str]:
    before, after = was.get("requestBody"), now.get("requestBody")
    if after and after.get("required") and not (before and before.get("required")):
        yield "a body is newly required"
    if before and after:
        yield from narrowed((old, _json(before)), (new, _json(after)), "body")
    elif before:
        yield "the body is gone"


def _answers(old: Document, new: Document, was: Schema, now: Schema) -> Iterator[str]:
    for status, answer in was["responses"].items():
        if status not in now["responses"]:
            if status.startswith("2"):
                yield f"status {status} is gone"
        elif "content" in answer:  # what callers read: nothing may come that they were not told of
            what = f"answer {status}"
            yield from narrowed((new, _json(now["responses"][status])), (old, _json(answer)), what, answered=True)


def _json(part: Schema) -> Schema:
    schema: Schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def narrowed(
    wide: tuple[Document, Schema], narrow: tuple[Document, Schema], place: str, *, answered: bool = False
) -> Iterator[str]:
    """Where `narrow` refuses what `wide` allows: requests go from old to new, and answers from new to old."""
    allowed, left = wide[0].choices(wide[1]), narrow[0].choices(narrow[1])
    for kind, schema in allowed.items():
        match = left.get(kind) or left.get("number" if kind == "integer" else "any")
        if match is None:
            yield f"{place} may {'now be' if answered else 'no longer be'} {kind}"
            continue
        yield from _bounds(schema, match, place, answered=answered)
        if "items" in schema and "items" in match:
            yield from narrowed(
                (wide[0], schema["items"]), (narrow[0], match["items"]), f"{place}[]", answered=answered
            )
        yield from _fields((wide[0], schema), (narrow[0], match), place, answered=answered)


def _bounds(wide: Schema, narrow: Schema, place: str, *, answered: bool) -> Iterator[str]:
    values, fewer = (one.get("enum", [one["const"]] if "const" in one else None) for one in (wide, narrow))
    if fewer is not None and (values is None or not set(values) <= set(fewer)):
        words = ", ".join(map(str, sorted(set(values or ()) - set(fewer), key=str))) or "anything"
        yield f"{place} may {'now be' if answered else 'no longer be'} {words}"
    for name in (*FLOORS, *CEILINGS, *EXACT):
        was, now = wide.get(name, "none"), narrow.get(name, "none")
        if now in {"none", was} or (was != "none" and _looser(name, was, now)):
            continue
        before, after = (now, was) if answered else (was, now)
        yield f"{place} has another {name}: {after} instead of {before}"


def _looser(name: str, was: Any, now: Any) -> bool:
    return bool((name in FLOORS and now <= was) or (name in CEILINGS and now >= was))


def _fields(
    wide: tuple[Document, Schema], narrow: tuple[Document, Schema], place: str, *, answered: bool
) -> Iterator[str]:
    was, now = wide[1].get("properties", {}), narrow[1].get("properties", {})
    for name in _missing(narrow[1].get("required", ()), wide[1].get("required", ())):
        if not answered or name in was:  # a field that is not there at all is told of below
            yield f"{place}.{name} {'may now be missing' if answered else 'is newly required'}"
    for name in _missing(now, was) if answered else _missing(was, now):
        yield f"{place}.{name} is gone"
    for name in was:
        if name in now:
            yield from narrowed((wide[0], was[name]), (narrow[0], now[name]), f"{place}.{name}", answered=answered)


def _missing(names: Iterable[str], among: Iterable[str]) -> list[str]:
    there = set(among)
    return [name for name in names if name not in there]
