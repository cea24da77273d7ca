"""What differs between jobs, and which of them ended best, as far as their losses can tell. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunedrop_cli import amounts, job_ranking
from tunedrop_cli.job_ranking import EvaluationRanking
from tunedrop_cli.job_text import ENDED, settings_of

MARKS = "abcdef"
"""A job each, in pictures."""
LONGEST_NAME = 24
"""Characters in a picture's legend, beside a telephone's narrow curves; the table has what is longer."""
AXES = ("steps", "tokens")
LAST_POINTS = 3
"""The validation losses at the end of a run whose spread says how much the last one can be trusted."""

Job = Mapping[str, Any]
Points = Sequence[tuple[float, float]]
Row = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Run:
    """A job and its losses in order of steps; none of validation where nothing was held out."""

    job: Job
    training: Sequence[float]
    validation: Sequence[float]

    @property
    def loss(self) -> float | None:
        """The last validation loss."""
        return self.validation[-1] if self.validation else None

    @property
    def spread(self) -> float:
        """How far the last few validation losses lie apart."""
        last = self.validation[-LAST_POINTS:]
        return max(last) - min(last) if last else 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """All runs of one setting: the mean of their last validation losses, and how far they lie apart."""

    settings: Mapping[str, str]
    runs: Sequence[Run]
    loss: float
    spread: float
    marks: str
    """Of its runs, as in pictures."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Settings by their validation loss, the lowest first, and what that order is worth."""

    standings: Sequence[Standing]
    is_clear: bool
    """Whether the first is better than the second by more than the spread of either."""
    verdict: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Jobs side by side, in one order everywhere."""

    runs: Sequence[Run]
    differences: Sequence[Row]
    """What is not the same in all, with each job's value."""
    always: Sequence[Row]
    """What is told of each, the same or not."""
    axis: str
    """One of `AXES`."""
    training: Sequence[Points]
    """Each job's losses over the axis."""
    validation: Sequence[Points]
    ranking: Ranking
    judged: EvaluationRanking | None
    """By evaluation, where several were asked the same."""


def compare(jobs: Sequence[Job], losses: Sequence[Mapping[str, Sequence[Mapping[str, Any]]]], over: str) -> Comparison:
    """Compare jobs by their points as ControlApi pages them, by split, over one of `AXES`."""
    known = [
        {split: [each for each in some if each["loss"] is not None] for split, some in points.items()}
        for points in losses
    ]
    runs = [
        Run(job, *([each["loss"] for each in points[split]] for split in ("training", "validation")))
        for job, points in zip(jobs, known, strict=True)
    ]
    width = [_tokens_per_step(job) if over == "tokens" else 1.0 for job in jobs]
    training, validation = (
        [
            [(each["step"] * each_step, each["loss"]) for each in points[split]]
            for points, each_step in zip(known, width, strict=True)
        ]
        for split in ("training", "validation")
    )
    return Comparison(
        runs=runs,
        differences=list(differences(jobs)),
        always=list(_always(jobs)),
        axis=over,
        training=training,
        validation=validation,
        ranking=rank(runs),
        judged=job_ranking.rank(jobs, MARKS),
    )


def _tokens_per_step(job: Job) -> float:
    """As planned: the tokens that the job trains, over its steps."""
    return float(job["trained_tokens"] or 0) / (job["steps"] or 1)


def _always(jobs: Sequence[Job]) -> Iterator[Row]:
    yield "status", tuple(job["status"] for job in jobs)
    for split in ("training", "validation"):
        losses = [job["final_losses"].get(split) for job in jobs]
        yield f"{split} loss", tuple("-" if loss is None else f"{loss:.4g}" for loss in losses)
    yield "cost", tuple(amounts.costs_of(job["cost"] for job in jobs))


def differences(jobs: Sequence[Job]) -> Iterator[Row]:
    """What is not the same in all jobs, with each job's value; a dash where one has none."""
    rows: list[tuple[str, list[Any]]] = [
        ("dataset", [job["dataset"] for job in jobs]),
        ("version", [job["version"] for job in jobs]),
        ("base model", [job["base_model"] for job in jobs]),
    ]
    names = sorted({name for job in jobs for name in job["hyperparameters"]})
    rows.extend((name, [job["hyperparameters"].get(name) for job in jobs]) for name in names)
    for split in ("train", "validation"):
        trained = [(job["splits"] or {}).get(split) for job in jobs]
        rows.append((f"{split} records", [each and f"{each['records']:,}" for each in trained]))
        rows.append((f"{split} sha256", [each and each["sha256"][:12] for each in trained]))
    rows.append(("trained tokens", [job["trained_tokens"] and f"{job['trained_tokens']:,}" for job in jobs]))
    for name, values in rows:
        if len(set(values)) > 1:
            yield name, tuple("-" if value is None else str(value) for value in values)


def named(found: Comparison) -> list[str]:
    """What tells each job apart in a picture: the hyperparameters by which it differs, where these are short."""
    differing = {name for name, _ in found.differences}
    settings = (run.job["hyperparameters"] for run in found.runs)
    words = [settings_of({"hyperparameters": {name: own[name] for name in differing & own.keys()}}) for own in settings]
    return words if max(map(len, words)) <= LONGEST_NAME else [""] * len(words)


def rank(runs: Sequence[Run]) -> Ranking:
    """The settings in the order of their validation losses.

    None is named best if the first two differ by less than their last points, or their repeats, lie apart. Losses on
    different records, or of different base models, rank nothing.
    """
    measured = [run for run in runs if run.loss is not None]
    more = _unranked(runs)
    if not measured:
        return Ranking((), False, f"No run has a validation loss: without one nothing ranks them.{more}")
    if len({_validated_on(run.job) for run in measured}) > 1:
        words = "Their validation losses are of different records or base models, so they rank nothing."
        return Ranking((), False, words + more)
    settings: dict[tuple[object, ...], list[tuple[str, Run]]] = defaultdict(list)
    for mark, run in zip(MARKS, runs, strict=False):
        if run.loss is not None:
            settings[_setting(run.job)].append((mark, run))
    standings = sorted((_standing(same) for same in settings.values()), key=lambda each: each.loss)
    if len(standings) == 1:
        alike = "All runs have the same hyperparameters and data; what differs is chance."
        return Ranking(standings, False, (alike if len(measured) > 1 else "Only one run has a validation loss.") + more)
    first, second = standings[:2]
    gap, spread = second.loss - first.loss, max(first.spread, second.spread)
    clear = gap > spread
    once = (
        " One run each: --repeats says how much chance there is."
        if max(len(each.runs) for each in standings) == 1
        else ""
    )
    return Ranking(standings, clear, f"By validation loss, {_lead(first, second, spread, clear=clear)}{once}{more}")


def _lead(first: Standing, second: Standing, spread: float, *, clear: bool) -> str:
    """How far the first is ahead, and how much of that the losses' own unrest may be."""
    both = f"{first.marks} ({first.loss:.4g}) and {second.marks} ({second.loss:.4g})"
    varies = f"the {spread:.2g} by which the last {LAST_POINTS} losses of a run, or its repeats, vary"
    if clear:
        return f"{first.marks} is best: {both} differ by {second.loss - first.loss:.2g}, more than {varies}."
    return f"none is best: {both} differ by {second.loss - first.loss:.2g}, no more than {varies}."


def _validated_on(job: Job) -> tuple[object, ...]:
    """What makes validation losses comparable."""
    split = (job["splits"] or {}).get("validation")
    return job["base_model"], split["sha256"] if split else (job["dataset"], job["version"])


def _setting(job: Job) -> tuple[object, ...]:
    return job["dataset"], job["version"], tuple(sorted(job["hyperparameters"].items()))


def _unranked(runs: Sequence[Run]) -> str:
    """What is said of those that have no place in the order."""
    running = sum(run.loss is None and run.job["status"] not in ENDED for run in runs)
    without = sum(run.loss is None for run in runs) - running
    said = f" {running} more {'has' if running == 1 else 'have'} not ended yet." if running else ""
    ranked = "is" if without == 1 else "are"
    return said + (f" {without} more without a validation loss {ranked} not ranked." if without else "")


def _standing(same: Sequence[tuple[str, Run]]) -> Standing:
    runs = [run for _, run in same]
    losses = [run.loss for run in runs if run.loss is not None]
    between = max(losses) - min(losses)
    return Standing(
        settings=runs[0].job["hyperparameters"],
        runs=runs,
        loss=sum(losses) / len(losses),
        spread=max(between, *(run.spread for run in runs)),
        marks=", ".join(mark for mark, _ in same),
    )
