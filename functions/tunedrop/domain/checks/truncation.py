"""Signs that an answer was cut off. A missing period is none: labels, titles, list items and code end without one."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^[ \t]*```[^`\n]*$", re.MULTILINE)
_MARKS = ("[truncated]", "(truncated)", "<truncated>", "[cut off]", "(cut off)", "[output truncated]")
_NEVER_LAST = re.compile(
    "the|an|and|or|but|because|whereas|although|of|than|into|which|whose|their|your|our|my|every"
    "|und|oder|aber|weil|dass|et|mais|parce|pero|porque|los|las"
)
"""Words that cannot end a sentence."""
_LEAST_WORDS, _LEAST_WORDS_OF_PARAGRAPH = 10, 25
_LEAST_WORDS_BEFORE_COMMA = 9
"""Words of the last line. Shorter lines may end with a comma: "Kind regards," ends a letter."""
_COMMAS = ",\uff0c\u3001\u060c"
_UNSPACED, _LEAST_UNSPACED = re.compile("[\u3040-\u9fff]"), 15
"""The same, in characters, for scripts without blanks between words; a line of verse has about seven."""
_SENTENCE_END = re.compile(r"\w\W?[.!?]\W? [A-Z]")
_LINE = 2_000
"""Characters of the last line that are looked at."""


def reason(answer: str) -> str | None:
    """A sentence that says why an answer seems cut off; None if it seems complete."""
    text = answer.rstrip()
    if not text:
        return None
    if text[-1] in ")]>" and text[-24:].casefold().endswith(_MARKS):
        return "It ends in a note that it was cut."
    if opened := _opened(text):
        return f"{opened} opened and never closed."
    if text[-1].isalpha() or text[-1] in _COMMAS:
        return _unfinished(text)
    return None


def _opened(text: str) -> str | None:
    if "`" in text and "```" in text and len(_FENCE.findall(text)) % 2:
        return "A block of code is"
    if text.startswith("<think>") and "</think>" not in text:
        return "A block of thoughts (<think>) is"
    return "It is JSON whose brackets are" if text[0] in "{[" and _unclosed(text) else None


def _unclosed(text: str) -> bool:
    opens = text.startswith(('{"', '[{"', '["', "{\n", "[\n"))
    return opens and text.count("{") + text.count("[") > text.count("}") + text.count("]")


def _unfinished(text: str) -> str | None:
    last_line = text[max(text.rfind("\n") + 1, len(text) - _LINE) :].lstrip()
    words = last_line.rsplit(None, _LEAST_WORDS_OF_PARAGRAPH)  # the last ones; all others are in the first
    if text[-1] in _COMMAS:
        long = len(words) >= _LEAST_WORDS_BEFORE_COMMA or len(_UNSPACED.findall(last_line)) >= _LEAST_UNSPACED
        return "It ends with a comma." if long else None
    if _NEVER_LAST.fullmatch(words[-1]) and len(words) >= _LEAST_WORDS:
        return "It ends with a word that ends no sentence."
    paragraph = len(words) >= _LEAST_WORDS_OF_PARAGRAPH and last_line[0].isalpha() and words[-1].islower()
    if paragraph and words[-1].isalpha() and _has_stop(last_line) and _SENTENCE_END.search(last_line):
        return "A paragraph of several sentences ends without the end of one."
    return None


def _has_stop(line: str) -> bool:
    """Whether the pattern has to be tried, which takes longer than all else."""
    return "." in line or "!" in line or "?" in line
