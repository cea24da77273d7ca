"""What an evaluation found, in sentences that claim no more than it shows: for page, terminal and notification. Pure.

Differences are told in points: a score of 1 is 100 of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from tunedrop.domain.evaluation import contrasts, needs, power
from tunedrop.domain.evaluation.contrasts import MOST_FAILED, Contrast, EvaluationVerdict
from tunedrop.domain.evaluation.evaluation_result import EvaluationResult, Judged
from tunedrop.domain.evaluation.needs import Need
from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.versions import object_keys

_TENTH = Decimal("0.1")
METRICS: Mapping[str, str] = {
    "exact_match": "exact match",
    "json_match": "JSON match",
    "tool_match": "tool match",
    "token_f1": "token F1",
    "rouge_l": "ROUGE-L",
    "chrf": "chrF",
    "macro_f1": "macro-F1",
    "contains_label": "label contained",
    "valid_json": "valid JSON",
    "schema_valid": "valid by schema.json",
    "leaf_f1": "F1 of JSON leaves",
    "tool_names": "tool names",
    "length_ratio": "length ratio",
}
VERDICTS: Mapping[EvaluationVerdict, str] = {
    "better": "better",
    "worse": "worse",
    "equivalent": "equivalent",
    "insufficient_evidence": "not enough evidence",
    "suspect": "suspect",
    "incomplete": "incomplete",
}


def summary(result: EvaluationResult) -> str:
    """The declared verdict, what would do if it is none, and the gate's outcome: for a notification."""
    said = sentence(result.declared, result.margin), enough(result.declared, result.margin), gate(result)
    return " ".join(filter(None, said))


def sentence(judged: Judged, margin: float) -> str:
    """The verdict of one contrast."""
    ours, theirs, contrast = judged.candidate, judged.against, judged.contrast
    by = f"by {points(abs(contrast.difference))} of {metric(judged.metric)}"
    match judged.verdict:
        case "better":
            return f"{ours} is better than {theirs} {by}: {_interval(contrast)}, {counted(contrast)}."
        case "worse":
            return f"{ours} is worse than {theirs} {by}: {_interval(contrast, sign=-1)}, {counted(contrast)}."
        case "equivalent":
            narrow = contrast.narrow and f", 90% interval {span(contrast.narrow)}"
            return (
                f"{ours} and {theirs} differ by less than {points(margin)} of {metric(judged.metric)}: "
                f"difference {number(contrast.difference)}{narrow}, {counted(contrast)}."
            )
        case "insufficient_evidence":
            return f"Not decided whether {ours} is better than {theirs}: {_seen(judged)}."
        case "suspect":
            return (
                f"Nothing is decided: {share(contrast.same)} of the answers of {ours} and {theirs} are the same to the "
                "letter, so one model probably answered for both."
            )
        case "incomplete":
            return (
                f"Nothing is decided: {share(contrast.failed)} of the records lack an answer of {ours} or {theirs}, "
                f"and at most {share(MOST_FAILED)} may."
            )


def enough(judged: Judged, margin: float) -> str:
    """How many records would do where there were too few; empty where that is not the question, or not known."""
    if judged.verdict != "insufficient_evidence" or judged.records_needed is None:
        return ""
    size = points(max(abs(judged.contrast.difference), margin))
    return (
        f"About {judged.records_needed:,} records would show a true difference of {size} in four of five evaluations; "
        f"these were {judged.contrast.records:,}."
    )


def shown(contrast: Contrast) -> str:
    """What these records could show, and why the plan, which can't know how often the two differ, said otherwise."""
    smallest, planned = needs.smallest_shown(contrast), needs.planned(contrast.records, binary=contrast.binary)
    differ = _differ(contrast)
    assumed = share(max(power.DISCORDANT, planned or 0)) if contrast.binary else points(needs.DEVIATION)
    said = "no difference" if planned is None else points(planned)
    plan = f"The plan, which can't know that, assumed {assumed} and said {said}."
    records = f"These {contrast.records:,} records"
    if smallest is None:
        return f"{records} are too few to show any difference in four of five evaluations: {differ}. {plan}"
    shows = f"{records} show a true difference of {points(smallest)} or more in four of five evaluations"
    return f"{shows}, as {differ}. {plan}"


def _differ(contrast: Contrast) -> str:
    """By what is reckoned how much the two differ record by record."""
    if not contrast.binary:
        return f"the two's scores of one record differ with a standard deviation of {points(contrast.deviation)}"
    if differ := (contrast.better + contrast.worse) / contrast.records:
        return f"{share(differ)} of them were scored differently by the two"
    return f"none of them was scored differently by the two, so {share(power.DISCORDANT)} of others are assumed to be"


def gate(result: EvaluationResult) -> str:
    """What the gate asked for and what came of it."""
    asked = f"at most {points(result.margin)} worse" if result.gate == "not_worse" else "better"
    match result.outcome:
        case "none":
            return "No gate was asked for, so this verdict stops nothing."
        case "passed" if not _is_shown(result):
            return f"Gate passed without enough evidence, as on_insufficient says; {asked} was asked for."
        case "passed":
            return f"Gate passed: {asked} was asked for."
        case "failed":
            return f"Gate failed: {asked} was asked for{_beyond(result)}."
        case "held":
            return f"Gate held: {asked} was asked for, and is not decided."


def _beyond(result: EvaluationResult) -> str:
    """How much worse it may be, where a gate of `not_worse` failed though the difference is within its margin."""
    contrast = result.declared.contrast
    if result.gate != "not_worse" or contrast.narrow is None or contrast.difference < -result.margin:
        return ""
    return f", and it may be {points(-contrast.narrow.low)} worse"


def need(wish: Need, ours: str, theirs: str) -> str:
    """What a number of records would show, and what has to be true for it."""
    size = points(wish.size)
    match wish.wish:
        case "difference":
            return f"that one is better, if it truly is by {size}"
        case "not_worse":
            return f"that {ours} is at most {size} worse, if both are equally good"
        case "equivalent":
            return f"that {ours} and {theirs} differ by less than {size}, if both are equally good"


def is_file(candidate: str) -> bool:
    """Whether a candidate of this name is a file of answers: what these cost nobody here knows."""
    return candidate.startswith(f"{object_keys.ANSWERS}/")


def metric(name: str) -> str:
    """A metric's name for people."""
    return METRICS.get(name, name.replace("_", " "))


def points(value: float) -> str:
    """A difference of scores, such as `6 points`."""
    shown = number(value)
    return f"{shown} {'point' if shown in {'1', '-1'} else 'points'}"


def number(value: float) -> str:
    """A difference in points to one decimal, or as much as tells it from 0."""
    shown = score(value).removesuffix(".0")
    scaled = round(100 * value, 9)
    return f"{scaled:.1g}" if scaled and shown in {"0", "-0"} else shown


def score(value: float) -> str:
    """A score of 100 to one decimal. Half a tenth goes up, so that two scores and their difference add up."""
    scaled = Decimal(repr(round(100 * value, 9) + 0.0))  # no -0
    return f"{scaled.quantize(_TENTH, ROUND_HALF_UP):f}"


def span(interval: Interval) -> str:
    """An interval in points, such as `2 to 10`."""
    return f"{number(interval.low)} to {number(interval.high)}"


def share(value: float) -> str:
    """A share in percent."""
    return f"{number(value)}%"


def counted(contrast: Contrast) -> str:
    """How many records stand behind a contrast, and in how many groups where they belong together."""
    records = f"{contrast.records:,} {'record' if contrast.records == 1 else 'records'}"
    return records if contrast.clusters == contrast.records else f"{records} in {contrast.clusters:,} groups"


def _seen(judged: Judged) -> str:
    contrast, difference = judged.contrast, judged.contrast.difference
    side = f"{points(abs(difference))} {'higher' if difference > 0 else 'lower'}" if difference else "no difference"
    return f"{side} in {metric(judged.metric)}, {_interval(contrast)}, {counted(contrast)}"


def _interval(contrast: Contrast, sign: int = 1) -> str:
    found = contrast.interval
    if found is None:
        return "too few for an interval"
    turned = found if sign > 0 else Interval(-found.high, -found.low)
    return f"95% interval {span(turned)}{'' if contrast.reliable else ' (unreliable)'}"


def _is_shown(result: EvaluationResult) -> bool:
    """Whether what the gate asks for was shown, and not only let pass."""
    declared = result.declared
    not_worse = result.gate == "not_worse" and contrasts.is_not_worse(declared.contrast, result.margin)
    return declared.verdict == "better" or not_worse
