"""`[evaluation]` of `dataset.toml`: what decides whether the deployment of a job goes live that starts on its own."""

from __future__ import annotations

from typing import get_args

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.evaluation_request import BASE, MOST_AGAINST, MOST_HOURS, MOST_RECORDS, EvaluationWish
from tunedrop.domain.evaluation.gate import Gate, OnInsufficient
from tunedrop.domain.versions.toml_tables import TomlTable

EVALUATION_KEYS = ("metric", "against", "gate", "margin", "on_insufficient", "max_records", "max_hours")


def read_evaluation(table: TomlTable, base_model: str | None) -> EvaluationWish:
    """Parse `[evaluation]`; an unusable value becomes a defect and its default.

    `base_model`: what `base` stands for; None: the stack's own.
    """
    default = EvaluationWish()
    return EvaluationWish(
        against=_against(table, base_model),
        metric=table.choice("metric", get_args(MetricName)),
        margin=table.number("margin", "a number above 0 and below 1", lambda share: 0 < share < 1) or default.margin,
        gate=table.choice("gate", get_args(Gate)) or default.gate,
        on_insufficient=table.choice("on_insufficient", get_args(OnInsufficient)) or default.on_insufficient,
        max_records=_at_most(table, "max_records", MOST_RECORDS) or default.max_records,
        max_hours=_at_most(table, "max_hours", MOST_HOURS) or default.max_hours,
    )


def _against(table: TomlTable, base_model: str | None) -> tuple[str, ...] | None:
    expected = f'a list of 1 to {MOST_AGAINST} deployments or base models, such as ["{BASE}"]'
    named = table.words("against", expected)
    if "against" in table.values and not 1 <= len(named) <= MOST_AGAINST:
        table.wrong("against", expected)
        return None
    for name in named or (BASE,):
        model = catalogue.catalogue().get(base_model or "" if name == BASE else name)
        if model and model.inference_profile:
            table.complain(
                "base_not_callable",
                f"{model.name} can be called through inference profile {model.inference_profile} alone, which moves "
                "prompts to other Regions, so evaluations do not call it. Judge against another model.",
                "against",
            )
    return named or None


def _at_most(table: TomlTable, name: str, most: int) -> int | None:
    found = table.whole(name)
    if found is not None and found > most:
        table.wrong(name, f"a whole number from 1 to {most:,}")
        return None
    return found
