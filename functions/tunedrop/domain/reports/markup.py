"""Build HTML that data cannot break out of: text becomes markup only here, and only escaped."""

from __future__ import annotations

import html
import re

_HIDDEN = re.compile(
    "[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff"
    "\U000e0000-\U000e0fff]"
)
"""Controls, direction overrides, zero-width characters and surrogates, shown as escapes so that nothing can hide."""


class Markup(str):
    """Text that is already markup. Only this module creates it."""

    __slots__ = ()


LINE = Markup("\n")


def visible(text: str) -> str:
    """Replace invisible characters with their escapes."""
    return _HIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Build an element. `class_` means class, `_` in other names `-`; attributes that are None are left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: object) -> Markup:
    """Join several pieces; whatever is not Markup is escaped as text. None is left out."""
    pieces = (child if isinstance(child, Markup) else _escaped(child) for child in children if child is not None)
    return Markup("".join(pieces))


def style(sheet: str) -> Markup:
    """Build a style element. The sheet is not escaped, so it must be the program's own."""
    return Markup(f"<style>{sheet}</style>")


def document(title: str, *, head: Markup, body: Markup) -> bytes:
    """Build a whole page in UTF-8. Its policy forbids scripts and network access, should markup ever slip in."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    metas = joined(
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("title", title),
        head,
    )
    page = tag("html", tag("head", metas), LINE, tag("body", body), lang="en")
    return f"<!doctype html>\n{page}\n".encode()


def _escaped(value: object) -> str:
    return html.escape(visible(str(value)))
