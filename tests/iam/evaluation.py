"""What IAM answers to one request under statements of the worked-out template.

As AWS describes it (IAM User Guide, "Policy evaluation logic", "IAM JSON policy elements"), for what the template uses;
whatever else a statement says is a ValueError, never silently true.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.template.stack import Statement

Verdict = Literal["allowed", "implicitly denied", "explicitly denied"]


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource by one principal.

    `resource` is an ARN, with `<Id.Arn>` for what AWS names, or "*" for an action that takes none. `context` holds
    condition keys, in any case: a tuple where the key is multivalued. `principal` matters to resource policies only:
    a service ("events.amazonaws.com"), or the ARN of a role or user.
    """

    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    principal: str = ""

    def values(self, key: str) -> tuple[str, ...] | None:
        """The values of a condition key, None where the request lacks it."""
        found = next((value for name, value in self.context.items() if name.lower() == key.lower()), None)
        return (found,) if isinstance(found, str) else found

    def multivalued(self, key: str) -> bool:
        """Whether the key has a list of values, were it a list of one."""
        return any(isinstance(value, tuple) for name, value in self.context.items() if name.lower() == key.lower())


@dataclass(frozen=True, slots=True)
class Decision:
    """What IAM says, and the statement that decided; None where none speaks of the request."""

    verdict: Verdict
    statement: Statement | None = None

    @property
    def allowed(self) -> bool:
        """Whether the call is let through."""
        return self.verdict == "allowed"

    @property
    def sid(self) -> str:
        """The Sid of the statement that decided; empty where none did or it has none."""
        return self.statement.sid if self.statement else ""


def decide(statements: Iterable[Statement], request: Request) -> Decision:
    """A Deny that applies wins; else an Allow that applies; else no.

    Raises ValueError for what this evaluator does not know: an operator, also in a statement about something else.
    """
    applying = [statement for statement in statements if applies(statement, request)]
    for effect, verdict in _VERDICTS.items():
        for statement in applying:
            if statement.effect == effect:
                return Decision(verdict, statement)
    return Decision("implicitly denied")


_VERDICTS: Mapping[str, Verdict] = {"Deny": "explicitly denied", "Allow": "allowed"}


def applies(statement: Statement, request: Request) -> bool:
    """Whether a statement speaks of a request: principal, action, resource and every condition."""
    _check(statement.effect, tuple(statement.conditions))
    return (
        _named(statement, request)
        and _covered(statement.actions, statement.not_actions, request.action, request, _action_like)
        and (
            _is_trust(statement)
            or _covered(statement.resources, statement.not_resources, request.resource, request, _like)
        )
        and all(
            _holds(operator, key, values, request)
            for operator, keys in statement.conditions.items()
            for key, values in keys.items()
        )
    )


@functools.cache
def _check(effect: str, operators: tuple[str, ...]) -> None:
    if effect not in _VERDICTS:
        raise ValueError(f"unknown effect {effect!r}")
    for operator in operators:
        quantifier, base, name = _parts(operator)
        if quantifier not in {"", "ForAllValues", "ForAnyValue"} or base not in _COMPARISONS or name == "NullIfExists":
            raise ValueError(f"unknown condition operator {operator!r}")


def _named(statement: Statement, request: Request) -> bool:
    """A role's own policy names nobody. The account's root stands for its IAM policies, and lets nobody in itself."""
    names = [name for names in statement.principals.values() for name in names]
    return not names or "*" in names or request.principal in names


def _is_trust(statement: Statement) -> bool:
    """Whether it is of a role's trust policy, which names no resource: it speaks of the role itself."""
    return bool(statement.principals) and not statement.resources and not statement.not_resources


Comparison = Callable[[str, str, Request], bool]
"""Whether a pattern of a policy meets a value, given the request that fills the pattern's variables."""


def _covered(
    patterns: tuple[str, ...], excepted: tuple[str, ...], value: str, request: Request, like: Comparison
) -> bool:
    if patterns and excepted:
        raise ValueError("a statement has both an element and its Not")
    if excepted:
        return not any(like(pattern, value, request) for pattern in excepted)
    return any(like(pattern, value, request) for pattern in patterns)


# --- conditions


def _holds(operator: str, key: str, expected: tuple[str, ...], request: Request) -> bool:
    quantifier, base, name = _parts(operator)
    values = request.values(key)
    if base == "Null":
        return any((wish.lower() == "true") == (values is None) for wish in expected)
    if values is None:
        return quantifier == "ForAllValues" or name.endswith("IfExists") or (not quantifier and "Not" in base)
    if not quantifier and request.multivalued(key):
        raise ValueError(f"{key} is multivalued, and {operator} is for single values")
    met = [_meets(base, value, expected, request) for value in values]
    return any(met) if quantifier == "ForAnyValue" else all(met)


@functools.cache
def _parts(operator: str) -> tuple[str, str, str]:
    """ForAllValues or the like, the bare operator, and that with its IfExists."""
    quantifier, _, name = operator.rpartition(":")
    return quantifier, name.removesuffix("IfExists"), name


def _meets(base: str, value: str, expected: tuple[str, ...], request: Request) -> bool:
    compare = _COMPARISONS[base]
    return any(compare(each, value, request) for each in expected) != ("Not" in base)


def _equal(expected: str, value: str, request: Request) -> bool:
    filled = _pattern(expected, request, wildcards=False)
    return filled is not None and filled.fullmatch(value) is not None


def _bool(expected: str, value: str, request: Request) -> bool:
    return expected.lower() == value.lower()


def _like(expected: str, value: str, request: Request) -> bool:
    filled = _pattern(expected, request)
    return filled is not None and filled.fullmatch(value) is not None


def _action_like(expected: str, value: str, request: Request) -> bool:
    return _like(expected.lower(), value.lower(), request)


def _arn_like(expected: str, value: str, request: Request) -> bool:
    """Each of the six segments by itself, so that no wildcard reaches over a colon."""
    pairs = list(zip(_segments(expected), _segments(value), strict=False))
    return len(_segments(expected)) == len(_segments(value)) and all(_like(*pair, request) for pair in pairs)


def _segments(arn: str) -> list[str]:
    variables = iter(_VARIABLE.findall(arn))
    return [_HOLE.sub(lambda _: next(variables), part) for part in _VARIABLE.sub("\0", arn).split(":", 5)]


_COMPARISONS: Mapping[str, Comparison] = {
    "StringEquals": _equal,
    "StringNotEquals": _equal,
    "StringLike": _like,
    "StringNotLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "ArnNotEquals": _arn_like,
    "ArnNotLike": _arn_like,
    "Bool": _bool,
    "Null": _bool,
}

# --- wildcards and variables

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_HOLE = re.compile("\0")
_PIECE = re.compile(r"\$\{([^}]*)\}|[*?]|[^*?$]+|\$")
_GLOBS = {"*": ".*", "?": "."}
_LITERALS = {"*", "?", "$"}


def _pattern(text: str, request: Request, *, wildcards: bool = True) -> re.Pattern[str] | None:
    """A policy's text with its variables filled in, their values literal; None where the request lacks one."""
    return _filled(text, request, wildcards=wildcards) if "${" in text else _fixed(text, wildcards=wildcards)


@functools.cache
def _fixed(text: str, *, wildcards: bool) -> re.Pattern[str] | None:
    return _filled(text, Request("", ""), wildcards=wildcards)


def _filled(text: str, request: Request, *, wildcards: bool) -> re.Pattern[str] | None:
    parts: list[str] = []
    for piece in _PIECE.finditer(text):
        name, glob = piece[1], _GLOBS.get(piece[0]) if wildcards else None
        filled = piece[0] if name is None or name in _LITERALS else _variable(name, request)
        if filled is None:
            return None
        parts.append(glob or re.escape(name if name in _LITERALS else filled))
    return re.compile("".join(parts), re.DOTALL)


def _variable(name: str, request: Request) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9-]+:[^,'{}\s]+", name):
        raise ValueError(f"unknown policy variable ${{{name}}}")
    values = request.values(name)
    if values is not None and request.multivalued(name):
        raise ValueError(f"{name} is multivalued and can't be a variable")
    return values[0] if values else None
