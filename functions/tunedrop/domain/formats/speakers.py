"""Names of speakers, and which side of a conversation each can only be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

ROLES: Mapping[str, str] = {
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "ai"), "assistant"),
    "system": "system",
}
"""Roles by names that are clear by themselves, folded to lower case."""
_RELATIVES = {
    **dict.fromkeys(("prompter", "customer", "client", "visitor", "caller", "person", "asker", "questioner"), "user"),
    **dict.fromkeys(("agent", "chatbot", "bard", "bing", "claude", "gemini", "llm", "llama", "mistral"), "assistant"),
}


def sides(voices: Iterable[str]) -> Mapping[str, str]:
    """Roles by the names that a conversation has, as far as they are clear.

    A name such as agent is one side's only if no other name there is of the same side.
    """
    names = {fold(voice) for voice in voices}
    of_side = Counter(side for name in names if (side := ROLES.get(name) or _RELATIVES.get(name)))
    clear = {name: side for name, side in _RELATIVES.items() if of_side[side] == 1}
    return {name: side for name in names if (side := ROLES.get(name) or clear.get(name))}


def fold(voice: str) -> str:
    """A speaker's name in lower case, without blanks around it."""
    return voice.strip().casefold()
