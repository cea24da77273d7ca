"""Why a stack's deletion was refused: what CloudFormation shows beside DELETE_FAILED. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tunedrop.domain.reports import next_commands
from tunedrop.domain.serving.remains import Remains

SHOWN = 5
"""Things of a kind that are named; the log of the guard's function names them all."""
ESCAPE = "If it never can, look yourself, and: aws cloudformation delete-stack --retain-resources DeletionGuard."
"""How a stack whose guard can't look is deleted all the same (docs/facts.md#cloudformation)."""


def words(found: Remains, stack_arn: str) -> str:
    """The reason, what to do first: whatever shows it may cut its end off."""
    cleanup = next_commands.in_stack(next_commands.clean_up(), stack_arn)
    said = [
        f"Not deleted, because it would go on billing: {_listed(found.billing)}."
        if found.billing
        else "Not deleted, because nobody could see whether anything of it still bills."
    ]
    if found.unseen:
        said.append(f"Could not look: {_listed(found.unseen)}. Delete the stack again in a few minutes.")
    said.append(f"To end what bills: {cleanup}; then delete the stack again.")
    if found.unseen:
        said.append(ESCAPE)
    if found.kept:
        said.append(f"Also in Bedrock: {_listed(found.kept)}.")
    return " ".join(said)


def _listed(things: Sequence[str]) -> str:
    more = f" and {len(things) - SHOWN} more" if len(things) > SHOWN else ""
    return ", ".join(things[:SHOWN]) + more
