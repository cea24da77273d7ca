"""Checks of record counts, per split and for train and validation together, and of whether a split trains at all."""

from __future__ import annotations

from collections.abc import Iterator

from tunedrop.domain.base_models.catalogue import BaseModel, Range, Split
from tunedrop.domain.checks import examples
from tunedrop.domain.checks.registry import Example, SplitFacts, split_check

OF_SEVERAL_SPLITS = frozenset({"too_many_records_together", "too_few_records_together"})
"""Codes whose findings become stale for a split once another split is added to its version."""


def _allowed(split: Split, base_model: BaseModel) -> Range | None:
    """The record counts Bedrock takes; None for the test split, and for a validation split it would never see."""
    limits = base_model.limits
    if split == "validation" and not base_model.validation:
        return None
    ranges: dict[Split, Range] = {"train": limits.train_records, "validation": limits.validation_records}
    return ranges.get(split)


@split_check(
    code="too_few_records",
    words="The split has fewer records than the base model needs.",
    hint="Add records: good ones, each of another case, and no copies.",
    example=Example("(31 records)", build=examples.good(31), alone=True),
)
def too_few_records(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Check the minimum number of records of this split."""
    allowed = _allowed(facts.split, base_model)
    if allowed and facts.records < allowed.minimum:
        records = "1 record" if facts.records == 1 else f"{facts.records:,} records"
        yield f"{records}; {base_model.name} needs at least {allowed.minimum:,} in {facts.split}."


@split_check(
    code="too_many_records",
    words="The split has more records than the base model takes.",
    hint="Leave out what teaches nothing new. Some limits are quotas that AWS raises on request.",
    example=Example("(10,001 records)", build=examples.good(10_001), alone=True),
)
def too_many_records(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Check the maximum number of records of this split."""
    allowed = _allowed(facts.split, base_model)
    if allowed and facts.records > allowed.maximum:
        yield f"{facts.records:,} records; {base_model.name} takes at most {allowed.maximum:,} in {facts.split}."


def _together(facts: SplitFacts, base_model: BaseModel) -> int | None:
    """Records of train and validation together; None unless this is the later of the two and each is within limits.

    A split outside its own limits is reported for that alone, not twice.
    """
    pair: tuple[Split, ...] = ("train", "validation") if base_model.validation else ("train",)
    if facts.split not in pair or (facts.split == "train" and facts.later & set(pair)):
        return None
    counts = {split: facts.earlier[split] for split in pair if split in facts.earlier} | {facts.split: facts.records}
    for split, count in counts.items():
        allowed = _allowed(split, base_model)
        if allowed and not allowed.minimum <= count <= allowed.maximum:
            return None
    return sum(counts.values())


@split_check(
    code="too_many_records_together",
    words="Train and validation together have more records than the base model takes.",
    hint="Move fewer records into validation, or leave some out of train.",
    example=Example(
        "(1,000 records, beside 9,001 in train)", build=examples.good(1_000), train=examples.good(9_001, 2_000)
    ),
)
def too_many_records_together(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Check the maximum of train and validation together, in the later of the two."""
    total, maximum = _together(facts, base_model), base_model.limits.total_records.maximum
    if total is not None and total > maximum:
        yield f"{total:,} records in train and validation; {base_model.name} takes at most {maximum:,} together."


@split_check(
    code="too_few_records_together",
    words="Train and validation together have fewer records than the base model needs.",
    hint="Add records.",
    example=Example("(99 records)", build=examples.good(99), base_model="llama-3-1-8b", alone=True),
)
def too_few_records_together(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Check the minimum of train and validation together, in the later of the two."""
    total, minimum = _together(facts, base_model), base_model.limits.total_records.minimum
    if total is not None and total < minimum:
        yield f"{total:,} records in train and validation; {base_model.name} needs at least {minimum:,} together."


@split_check(
    code="not_trained_here",
    severity="warning",
    words="The base model is not trained in this stack's Region: the data is prepared, but no job will take it.",
    hint="Deploy a stack in a Region that trains it, or leave it out of base_models.",
    example=None,
)
def not_trained_here(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Check that the stack's Region trains the base model (docs/facts.md#base-models)."""
    if facts.split == "train" and facts.region and facts.region not in base_model.regions:
        yield f"{base_model.name} is trained in {', '.join(base_model.regions)}; this stack is in {facts.region}."


@split_check(
    code="validation_not_used",
    severity="warning",
    words="The base model trains without a validation split: jobs pass none, so they have no validation loss.",
    hint="Nothing has to be done. Move the records into train if they should teach something.",
    example=Example(
        "(50 records, beside 200 in train)",
        build=examples.good(50),
        train=examples.good(200, 1_000),
        base_model="nova-2-lite",
    ),
)
def validation_not_used(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Warn that a validation split is checked but never sent to this base model (docs/facts.md#records)."""
    if facts.split == "validation" and not base_model.validation:
        yield f"{base_model.name} takes no validation split; these {facts.records:,} records stay unused."
