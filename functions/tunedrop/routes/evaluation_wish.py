"""The evaluation that decides whether a deployment goes live, in the bodies and answers of other nouns."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.evaluation_request import (
    DEFAULT_MAX_HOURS,
    MOST_AGAINST,
    MOST_HOURS,
    MOST_RECORDS,
    EvaluationWish,
)
from tunedrop.domain.evaluation.gate import Gate, OnInsufficient
from tunedrop.routes.route_basics import Body, Whole

MARGIN = Field(gt=0, lt=1, description="The difference of mean scores that makes no difference")
Against = Annotated[list[str], Field(min_length=1, max_length=MOST_AGAINST)]


class EvaluationWishBody(Body):
    """What is asked before the deployment goes live: it does once the gate has passed."""

    against: Against | None = Field(
        None,
        description="What it is judged against, the one that decides first: deployments, base models, or `base`. "
        "Default: what the name serves now, if anything, and its own base model",
    )
    metric: MetricName | None = Field(None, description="Default: the one that fits the right answers")
    margin: Annotated[float, MARGIN] = 0.03
    gate: Gate = Field("none", description="What the verdict has to be; `none`: it goes live whatever it is")
    on_insufficient: OnInsufficient = Field("hold", description="What the gate does with too little evidence")
    max_records: Whole = Field(1_000, ge=1, le=MOST_RECORDS, description="The most records to ask")
    max_hours: Whole = Field(
        DEFAULT_MAX_HOURS,
        ge=1,
        le=MOST_HOURS,
        description="By the hour only: released so long after it could first be asked, unless the gate has passed",
    )

    def asked(self) -> EvaluationWish:
        """The same as an action's argument."""
        return EvaluationWish(
            against=tuple(self.against) if self.against else None,
            metric=self.metric,
            margin=self.margin,
            gate=self.gate,
            on_insufficient=self.on_insufficient,
            max_records=self.max_records,
            max_hours=self.max_hours,
        )
