"""Checks of record length, in estimated tokens."""

from __future__ import annotations

from collections.abc import Iterator

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples, proofs
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.formats import media_blocks
from tunedrop.domain.records.record import Record
from tunedrop.domain.texts import tokens


def _estimate(record: Record, base_model: BaseModel, at_least: float) -> int:
    """The estimated tokens of a record; 0 if its upper bound, which is cheap, is below `at_least`."""
    beside = media_blocks.tokens(record, base_model)
    most = tokens.MOST_PER_CHARACTER * sum([len(text) for _, _, text in record.texts]) + beside
    return tokens.estimate(text for _, _, text in record.texts) + beside if most >= at_least else 0


@check(
    code="too_many_tokens",
    words="The record is longer than the base model takes, by estimate.",
    hint="Shorten it or split it. docs/data-format.md describes the estimate.",
    example=Example(
        '{"prompt": "a a a …", "completion": "Because."}', build=lambda: examples.line("a" + " a" * 49_999).encode()
    ),
    absent=proofs.no_long_record,
)
def too_many_tokens(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a record whose estimate is above the limit."""
    limit = base_model.limits.record_tokens
    estimated = _estimate(record, base_model, limit)
    if estimated > limit:
        yield Spot("$", f"About {estimated:,} tokens; {base_model.name} takes {limit:,}.")


@check(
    code="near_token_limit",
    severity="warning",
    words="The record may be longer than the base model takes: the limit lies within the estimate's margin.",
    hint="If Bedrock refuses the data, shorten this record first.",
    example=Example(
        '{"prompt": "a a a …", "completion": "Because."}', build=lambda: examples.line("a" + " a" * 45_999).encode()
    ),
)
def near_token_limit(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a record whose estimate is below the limit by less than the estimator's margin."""
    limit = base_model.limits.record_tokens
    near = limit / (1 + tokens.MARGIN)
    estimated = _estimate(record, base_model, near)
    if near < estimated <= limit:
        yield Spot("$", f"About {estimated:,} tokens; {base_model.name} takes {limit:,}.")
