"""What to examine a version for, and how: settings, or a person's options, as the examination takes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks.media_findings import MediaFolder
from tunedrop.domain.checks.split_examination import Level
from tunedrop.domain.formats import tool_turns
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.record import Block
from tunedrop.domain.texts.tool_blocks import Rendering


@dataclass(frozen=True, slots=True)
class Assignment:
    """What to examine a version for, and how."""

    base_models: tuple[BaseModel, ...]
    splits: Collection[Split]
    """All splits that will be examined, not counting a share of train that becomes validation."""
    systems: Mapping[tuple[str, Split], Block] = field(default_factory=dict)
    """System text, by base model and split, for records without one of their own."""
    dropped_systems: frozenset[tuple[str, Split]] = frozenset()
    """Base models and splits for which a system text is configured but dropped."""
    policy: Policy = field(default_factory=Policy)
    mapping: FieldMapping | None = None
    keep: frozenset[str] = frozenset()
    """Fields of records that are no part of them, and are kept beside test's."""
    ignore: frozenset[str] = frozenset()
    """Fields of records and of their messages that are left out."""
    rendering: Rendering | None = None
    """How tools are written as text; None if they are not."""
    validation_share: float = 0.0
    """Share of train to hold back as validation, if there is no validation split and the base model takes one."""
    level: Level = "all"
    region: str | None = None
    """Region of the stack that will train; None if unknown."""
    media: MediaFolder | None = None
    """Where the files lie that records refer to; None if they are not looked at."""

    def system(self, base_model: BaseModel, split: Split) -> Block | None:
        """The system text, as it is written, for records without one of their own."""
        found = self.systems.get((base_model.name, split))
        return tool_turns.escaped(found) if found and self.rendering else found

    @property
    def share(self) -> float:
        """The share of train that becomes validation in this version; 0 for none."""
        wanted = "validation" not in self.splits and any(model.validation for model in self.base_models)
        return self.validation_share if wanted else 0.0
