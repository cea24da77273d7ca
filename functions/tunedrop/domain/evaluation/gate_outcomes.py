"""Whether a candidate may be served: what the gate asks for, and what follows from a verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tunedrop.domain.evaluation import contrasts
from tunedrop.domain.evaluation.contrasts import Contrast, EvaluationVerdict
from tunedrop.domain.evaluation.gate import Gate, GateOutcome, OnInsufficient

_UNDECIDED: frozenset[EvaluationVerdict] = frozenset({"insufficient_evidence", "suspect", "incomplete"})


def outcome(
    gate: Gate,
    judged: Iterable[tuple[Contrast, EvaluationVerdict]],
    *,
    margin: float,
    on_insufficient: OnInsufficient,
) -> GateOutcome:
    """The gate's outcome over the contrasts that it asks for: the worst of them.

    What can't be decided is held for a person; `on_insufficient = "deploy"` lets too little evidence pass, but neither
    answers that are suspect nor ones that are missing.
    """
    if gate == "none":
        return "none"
    outcomes = {_of_one(gate, contrast, verdict, margin, on_insufficient) for contrast, verdict in judged}
    for worst in ("failed", "held"):
        if worst in outcomes:
            return worst
    return "passed" if outcomes else "held"


def _of_one(
    gate: Gate, contrast: Contrast, verdict: EvaluationVerdict, margin: float, on_insufficient: OnInsufficient
) -> GateOutcome:
    if verdict in {"suspect", "incomplete"}:
        return "held"
    if verdict == "better" or (gate == "not_worse" and contrasts.is_not_worse(contrast, margin)):
        return "passed"
    if verdict in _UNDECIDED:
        return "passed" if on_insufficient == "deploy" else "held"
    return "failed"
