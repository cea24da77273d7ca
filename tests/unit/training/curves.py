"""Loss curves whose truth is known before they are diagnosed: drawn shapes, and the simulator's arithmetic.

docs/diagnosis.md#how-it-is-judged names the published runs after which shapes are drawn. A kind of run is a function
of a random source. Even seeds are there to tune on, odd ones are held out.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bedrock_simulator.early_stopping import EarlyStopping
from bedrock_simulator.learning import Recipe, learn
from tunedrop.domain.training.diagnosis import diagnose
from tunedrop.domain.training.diagnosis_codes import CODES, Diagnosis
from tunedrop.domain.training.metrics import MetricPoint
from tunedrop.domain.training.training_run import TrainingRun

HAIKU = {
    "epochCount": "2",
    "batchSize": "32",
    "learningRateMultiplier": "1",
    "earlyStoppingThreshold": "0.001",
    "earlyStoppingPatience": "2",
}
FRESH = 2_000
HEALTHY_FALL = 0.05
"""Over the second half."""
TELLABLE = 0.009
"""The standard error of a fall over the second half at which a flat run can be told from one that falls by 5 %."""


@dataclass(frozen=True)
class Drawn:
    """A run and what is true of it."""

    run: TrainingRun
    truth: frozenset[str] = frozenset()
    """Codes that it must get."""
    open: frozenset[str] = frozenset()
    """Codes that are neither right nor wrong: what lies between defect and health."""
    best_epoch: int | None = None
    record: int | None = None
    """The record behind a spike, where the order is that of the file."""


@dataclass(frozen=True)
class Shape:
    """What a curve is drawn from: the level of each step, and the standard deviation of its noise in logarithms."""

    levels: Sequence[float]
    epochs: Sequence[int]
    noise: float
    kind: str = "normal"
    records: int = 0
    batch: int = 1
    first_step: int = 0
    validation: Sequence[float] = ()
    jitter: float = 0.003
    asked: Mapping[str, str] = field(default_factory=dict)


def fall(levels: Sequence[float]) -> float:
    """How far the level falls over the second half, without noise: twice what lies between its two quarters."""
    half = len(levels) // 2
    third, fourth = levels[half : half + half // 2], levels[half + half // 2 :]
    if not third or not fourth:
        return 0.0
    return 2 * (sum(third) / len(third) - sum(fourth) / len(fourth)) / levels[half]


def error(shape: Shape) -> float:
    """The standard error of that fall as measured, for independent steps."""
    return 6.2 * shape.noise / math.sqrt(len(shape.levels))


def factors(rng: random.Random, count: int, noise: float, kind: str) -> list[float]:
    """Noise of mean about 1: of batches, skewed, heavy-tailed, smoothed, shrinking, or of data in a fixed order."""
    if kind == "gamma":
        shape = 1 / noise**2
        return [rng.gammavariate(shape, 1 / shape) for _ in range(count)]
    if kind == "laplace":
        return [math.exp(rng.choice((-1, 1)) * rng.expovariate(math.sqrt(2) / noise)) for _ in range(count)]
    if kind == "smoothed":
        raw = [rng.gauss(0, noise) for _ in range(count + 9)]
        return [math.exp(sum(raw[i : i + 10]) / 10) for i in range(count)]
    if kind == "shrinking":
        return [math.exp(rng.gauss(0, noise) * (1.6 - 1.2 * i / count)) for i in range(count)]
    return [math.exp(rng.gauss(0, noise)) for _ in range(count)]


def drawn(rng: random.Random, shape: Shape) -> TrainingRun:
    """The run of a shape, with noise."""
    noise = factors(rng, len(shape.levels), shape.noise, shape.kind)
    noise = _with_small_batches(rng, shape, noise)
    losses = [level * factor for level, factor in zip(shape.levels, noise, strict=True)]
    training = [
        MetricPoint(shape.first_step + index, epoch, round(loss, 6), None)
        for index, (loss, epoch) in enumerate(zip(losses, shape.epochs, strict=True))
    ]
    ends = {point.epoch: point.step for point in training}
    places = list(ends.items()) if len(ends) == len(shape.validation) else _spread(training, len(shape.validation))
    validation = [
        MetricPoint(step, epoch, round(level * math.exp(rng.gauss(0, shape.jitter)), 6), None)
        for (epoch, step), level in zip(places, shape.validation, strict=True)
    ]
    count = max(shape.epochs, default=0) - min(shape.epochs, default=0) + 1
    asked = HAIKU | {"epochCount": str(count), "batchSize": str(shape.batch)} | dict(shape.asked)
    asked = {name: value for name, value in asked.items() if value}
    given = bool(shape.validation)
    return TrainingRun(training, validation, "Completed", "claude-3-haiku", asked, shape.records, given)


def _with_small_batches(rng, shape, noise):
    """The last batch of each epoch holds what is left over, and is the noisier for it."""
    left = shape.records % shape.batch
    if not left:
        return noise
    ends = {epoch: index for index, epoch in enumerate(shape.epochs)}
    more = shape.noise * math.sqrt(shape.batch / left)
    return [
        math.exp(rng.gauss(0, more)) if index == ends[shape.epochs[index]] else factor
        for index, factor in enumerate(noise)
    ]


def _spread(training, count):
    places = [training[(index + 1) * len(training) // count - 1] for index in range(count)]
    return [(point.epoch, point.step) for point in places]


def frame(rng: random.Random, steps: int | None = None, epochs: int | None = None) -> tuple[int, int, Shape]:
    """Epochs, steps in each, and an empty shape of records and batches that fit."""
    epochs = epochs or rng.randint(1, 5)
    batch = rng.choice([1, 4, 8, 16, 32])
    each = max(2, (steps or int(60 * 20 ** rng.random())) // epochs)
    records = each * batch - rng.randrange(batch)
    numbers = [epoch for epoch in range(epochs) for _ in range(each)]
    return epochs, each, Shape([], numbers, 0, records=records, batch=batch, first_step=rng.randint(0, 1))


def learning(rng: random.Random, count: int, epochs: int) -> list[float]:
    """Levels of a run that learns to its end: a power law, or exponential, and a step down between epochs."""
    while True:
        end, top = rng.uniform(0.2, 1.5), rng.uniform(0.6, 2.5)
        power, slow = rng.uniform(0.3, 0.9), rng.uniform(5, 60)
        step = rng.uniform(0.8, 0.95)
        if rng.random() < 0.3:
            rate = rng.uniform(1.5, 5) / count
            levels = [end * 0.1 + top * math.exp(-rate * t) for t in range(count)]
        else:
            levels = [(end + top * (1 + t / slow) ** -power) * step ** (t * epochs // count) for t in range(count)]
        if count < 30 or fall(levels) >= HEALTHY_FALL:
            return levels


def noise_of(rng: random.Random) -> tuple[float, str]:
    """How much noise, and of what kind."""
    kind = rng.choice(["normal", "gamma", "gamma", "laplace", "smoothed", "shrinking"])
    return math.exp(rng.uniform(math.log(0.01), math.log(0.15))), kind


def falling_validation(rng: random.Random, count: int) -> list[float]:
    """Validation levels of a healthy run: they fall, flatten, or rise by 1 % at most."""
    end, top, rate = rng.uniform(0.3, 1.5), rng.uniform(0.1, 0.8), rng.uniform(0.3, 1.5)
    levels = [end * (1 + top * math.exp(-rate * epoch)) for epoch in range(count)]
    lowest = rng.randint(count // 2, count - 1)
    return [level * (1 + 0.01 * max(0, index - lowest) / count) for index, level in enumerate(levels)]


def healthy_shape(rng: random.Random, steps: int | None = None, epochs: int | None = None) -> Shape:
    """A run that learns, with validation after each epoch in most."""
    epochs, each, empty = frame(rng, steps, epochs)
    noise, kind = noise_of(rng)
    validation = falling_validation(rng, epochs) if epochs > 1 and rng.random() < 0.8 else []
    levels = learning(rng, each * epochs, epochs)
    return replace(empty, levels=levels, noise=noise, kind=kind, validation=validation, jitter=rng.uniform(0, 0.008))


def told(shape: Shape) -> frozenset[str]:
    """What the shape's size alone says, and what its noise leaves open."""
    few = {"too_few_steps"} if len(shape.levels) < 30 else set()
    without = {0: {"no_validation"}, 1: {"too_few_epochs"}}.get(len(shape.validation), set())
    return frozenset(few | without)


def unclear(shape: Shape) -> frozenset[str]:
    """`too_few_steps`, where the noise may hide a fall; what a fall between flat and healthy may be called."""
    between = {"plateau", "not_learning", "too_few_steps"} if fall(shape.levels) < HEALTHY_FALL else set()
    return frozenset(between | ({"too_few_steps"} if 2 * error(shape) > 0.03 else set()))


def whole(rng: random.Random, shape: Shape, truth=(), open_=()) -> Drawn:
    """The shape as drawn, with what its size says."""
    truth = told(shape) | set(truth)
    return Drawn(drawn(rng, shape), truth, (unclear(shape) | set(open_)) - truth)


# Healthy


def power_law(rng):
    return whole(rng, healthy_shape(rng))


def warmed_up(rng):
    """The rate begins at nothing: the loss stands still, or rises a little, before it falls."""
    shape = healthy_shape(rng, steps=rng.randint(150, 900))
    warm, high = rng.randint(5, 30), rng.uniform(0, 0.12)
    levels = [shape.levels[max(0, t - warm)] for t in range(len(shape.levels))]
    levels = [level * (1 + high * t / warm) if t < warm else level for t, level in enumerate(levels)]
    return whole(rng, replace(shape, levels=levels))


def fixed_order(rng):
    """Records in the file's order: the same hard and easy stretches in each epoch."""
    shape = healthy_shape(rng, steps=rng.randint(200, 900), epochs=rng.randint(2, 5))
    each = len(shape.levels) // len(set(shape.epochs))
    waves, high = rng.randint(1, 3), rng.uniform(0.03, 0.15)
    levels = [level * (1 + high * math.sin(waves * 6.283 * (i % each) / each)) for i, level in enumerate(shape.levels)]
    shape = replace(shape, levels=levels, noise=min(shape.noise, 0.06))
    return whole(rng, shape, open_={"too_few_steps"})


def bedrock_small(rng):
    """18 steps in 3 epochs, 1.6 to 0.15, as a published Nova run."""
    levels = [0.13 + 1.5 * math.exp(-t / rng.uniform(3.5, 4.5)) for t in range(18)]
    shape = Shape(
        levels, [t // 6 for t in range(18)], 0.25, "gamma", 96 * 6, 96, 1, asked={"earlyStoppingPatience": ""}
    )
    return whole(rng, shape)


def bedrock_sample(rng):
    """45 steps in 3 epochs, 0.24 to 0.005, three validation losses, as AWS's sample."""
    high = rng.uniform(0.8, 1.2)
    levels = [high * (0.004 + 0.22 * math.exp(-t / 8)) for t in range(45)]
    losses = [0.0314 * high, 0.0174 * high, 0.0167 * high]
    return whole(rng, Shape(levels, [t // 15 for t in range(45)], 0.12, "normal", 240, 16, 1, losses, 0.005))


def medical_lora(rng):
    """Epochs of hundreds of noisy steps, 15 % down from one to the next, as Baize."""
    each, epochs = rng.randint(200, 400), rng.randint(2, 4)
    levels = [(1.35 + 0.9 * (1 + t / 8) ** -0.8) * 0.85 ** (t // each) for t in range(each * epochs)]
    numbers = [t // each for t in range(each * epochs)]
    return whole(rng, Shape(levels, numbers, 0.13, "gamma", each * 32, 32, 1))


def logged_rarely(rng):
    """Every tenth step, 20 to 60 points, 2 % of noise."""
    count, each = rng.randint(20, 60), 10
    levels = learning(rng, count, 3)
    shape = Shape(levels, [3 * t // count for t in range(count)], 0.02, "normal", count * each * 4 // 3, 4)
    done = whole(rng, shape, open_={"too_few_steps"} if count >= 30 else ())
    training = [replace(point, step=each * (point.step + 1)) for point in done.run.training]
    return replace(done, run=replace(done.run, training=training))


def many_validations(rng):
    """Validation every 200 steps, falling throughout, as tinyLlama."""
    shape = healthy_shape(rng, steps=rng.randint(400, 900), epochs=2)
    losses = [1.1 + 0.5 * (1 + index) ** -0.9 for index in range(rng.randint(10, 40))]
    return whole(rng, replace(shape, validation=losses, jitter=0.003))


def five_validations(rng):
    shape = healthy_shape(rng, epochs=5)
    return whole(rng, replace(shape, validation=falling_validation(rng, 5)))


def one_validation(rng):
    """One epoch, and what it ends with."""
    shape = healthy_shape(rng, epochs=1)
    return whole(rng, replace(shape, validation=[rng.uniform(0.3, 1.5)]))


def small_batches(rng):
    """Near zero after 20 steps, and a hard record in every seventh, as in OpenAI's cookbook: noise, no spikes."""
    count = rng.randint(200, 600)
    losses = [3 * math.exp(-t / 9) * rng.uniform(0.7, 1.3) for t in range(count)]
    losses = [loss + (rng.expovariate(1.4) if t > 15 and rng.random() < 1 / 7 else 0) for t, loss in enumerate(losses)]
    run = drawn(rng, Shape(losses, [3 * t // count for t in range(count)], 0.05, records=count // 3, batch=1))
    return Drawn(run, frozenset({"no_validation"}), frozenset({"plateau", "too_few_steps"}))


def batches_of_one(rng):
    """Llama trains one record at a time: noise of 20 to 40 %."""
    epochs = rng.randint(1, 3)
    each = rng.randint(150, 400)
    levels = learning(rng, each * epochs, epochs)
    shape = Shape(levels, [t // each for t in range(each * epochs)], rng.uniform(0.2, 0.4), "gamma", each, 1)
    return whole(rng, shape)


# With a defect


def nan(rng):
    done = power_law(rng)
    points = list(done.run.training)
    last = rng.randint(3, max(4, len(points) // 2))
    points[-last:] = [replace(point, loss=None) for point in points[-last:]]
    truth = (done.truth - {"too_few_steps"}) | {"nan_loss"}
    open_ = done.open | {"too_few_steps", "plateau", "not_learning", "diverged"}
    return Drawn(replace(done.run, training=points), truth, open_)


def missing(rng):
    done = power_law(rng)
    points = list(done.run.training)
    for index in rng.sample(range(len(points) - 3), rng.randint(1, max(2, len(points) // 20))):
        points[index] = replace(points[index], loss=None)
    return replace(done, run=replace(done.run, training=points), truth=done.truth | {"missing_losses"})


def diverged(rng):
    shape = healthy_shape(rng)
    count = len(shape.levels)
    turn, width = int(count * rng.uniform(0.25, 0.85)), rng.uniform(0.01, 0.2) * count
    times = rng.uniform(1.8, 6)
    low = min(shape.levels[: turn + 1])
    levels = [
        level if t < turn else level + low * (times - 1) * (1 - math.exp(-(t - turn) / width * 3))
        for t, level in enumerate(shape.levels)
    ]
    levels = levels if levels[int(count * 0.9)] >= 1.6 * low else [*levels[:turn], *[low * times] * (count - turn)]
    open_ = {"loss_spikes", "overfitting", "too_few_steps"}
    return whole(rng, replace(shape, levels=levels), {"diverged"}, open_)


def diverged_at_once(rng):
    shape = healthy_shape(rng)
    start, times, fast = rng.uniform(1, 4), rng.uniform(2, 5), rng.uniform(1, 6)
    levels = [start * (1 + (times - 1) * (1 - math.exp(-t / fast))) for t in range(len(shape.levels))]
    shape = replace(shape, levels=levels, noise=rng.uniform(0.02, 0.15), validation=[])
    return whole(rng, shape, {"diverged"}, {"loss_spikes", "too_few_steps"})


def tellable(rng: random.Random, shape: Shape) -> Shape:
    """The shape with no more noise than lets anybody tell flat from falling."""
    most = TELLABLE * math.sqrt(len(shape.levels)) / 6.2
    kind = rng.choice(["normal", "gamma", "laplace", "shrinking"])
    return replace(shape, noise=rng.uniform(0.2, 1) * most, kind=kind)


def plateau(rng):
    epochs, each, shape = frame(rng, steps=int(150 * 20 ** rng.random()))
    count = each * epochs
    end, top, slow = rng.uniform(0.2, 1.5), rng.uniform(0.3, 3), count * rng.uniform(0.01, 0.05)
    shape = tellable(rng, replace(shape, levels=[end * (1 + top * math.exp(-t / slow)) for t in range(count)]))
    return whole(rng, shape, {"plateau"})


def not_learning(rng):
    epochs, each, shape = frame(rng, steps=int(150 * 20 ** rng.random()))
    count, level = each * epochs, rng.uniform(0.3, 3)
    levels = [level * (1 - 0.004 * t / count) for t in range(count)]
    return whole(rng, tellable(rng, replace(shape, levels=levels)), {"not_learning"})


def too_few(rng):
    return whole(rng, healthy_shape(rng, steps=rng.randint(2, 24)))


def too_noisy(rng):
    """Nearly flat, with noise in which a fall of 10 % would be lost."""
    _, _, shape = frame(rng, steps=rng.randint(60, 200), epochs=2)
    count = len(shape.epochs)
    levels = [1 + 0.5 * math.exp(-t / count * 12) - 0.015 * t / count for t in range(count)]
    shape = replace(shape, levels=levels, noise=rng.uniform(0.05, 0.08) * math.sqrt(count) / 6.2, kind="gamma")
    return whole(rng, shape, {"too_few_steps"}, {"plateau", "not_learning"})


def overfitting(rng, epochs=None):
    """A validation loss that falls, then rises by 8 % or more."""
    epochs = epochs or rng.randint(2, 10)
    shape = healthy_shape(rng, steps=rng.randint(80, 800), epochs=epochs)
    best = rng.randint(0, epochs - 2)
    low, rise = rng.uniform(0.3, 1.5), rng.uniform(0.08, 0.8)
    before = rng.uniform(0.1, 0.6)
    bend = rng.uniform(0.8, 1.6)
    losses = [
        low
        * (
            1 + before * ((best - e) / max(best, 1)) ** 1.5
            if e <= best
            else 1 + rise * ((e - best) / (epochs - 1 - best)) ** bend
        )
        for e in range(epochs)
    ]
    done = whole(rng, replace(shape, validation=losses), {"overfitting"})
    return replace(done, best_epoch=best + 1)


def overfitting_of_five(rng):
    return overfitting(rng, epochs=5)


def overfitting_dense(rng):
    """The same with a validation loss every few steps."""
    epochs, count = rng.randint(2, 5), rng.randint(15, 60)
    shape = healthy_shape(rng, steps=rng.randint(300, 800), epochs=epochs)
    low, rise, best = rng.uniform(0.3, 1.5), rng.uniform(0.1, 0.8), rng.uniform(0.2, 0.7)
    places = [(i + 1) / count for i in range(count)]
    losses = [
        low * (1 + (0.6 * (best - p) ** 2 / best**2 if p < best else rise * (p - best) / (1 - best))) for p in places
    ]
    done = whole(rng, replace(shape, validation=losses), {"overfitting"})
    return replace(done, best_epoch=min(epochs, int(best * epochs) + 1))


def spiked(rng):
    """One to three places of one to three steps, 2 times the level and 10 times the noise or more above it."""
    shape = healthy_shape(rng, steps=rng.randint(80, 1_200))
    shape = replace(shape, noise=min(shape.noise, 0.1))
    done = whole(rng, shape, {"loss_spikes"})
    epochs, count = len(set(shape.epochs)), len(shape.levels)
    each, points = count // epochs, list(done.run.training)
    bad = rng.randint(6, each - 8)
    in_order = rng.random() < 0.5 and epochs > 1
    places = (
        [epoch * each + bad for epoch in range(epochs)]
        if in_order
        else rng.sample(range(6, count - 9), rng.randint(1, 3))
    )
    high = math.exp(max(math.log(2), 10 * shape.noise) * rng.uniform(1, 1.6))
    width = 1 if in_order else rng.randint(1, 3)
    for place in places:
        for index in range(place, place + width):
            points[index] = replace(points[index], loss=shape.levels[index] * high)
    record = min(bad * shape.batch + rng.randint(1, shape.batch), shape.records) if in_order else None
    return replace(done, run=replace(done.run, training=points), record=record)


def stopped(rng):
    done = power_law(rng)
    points = done.run.training[: rng.randint(2, len(done.run.training))]
    checks = [check for check in done.run.validation if check.step <= points[-1].step]
    without = {0: {"no_validation"}, 1: {"too_few_epochs"}}.get(len(checks), set())
    truth = frozenset(without | {"stopped_by_request"} | ({"too_few_steps"} if len(points) < 30 else set()))
    run = replace(done.run, training=points, validation=checks, status="Stopped")
    return Drawn(run, truth, frozenset({"too_few_steps", "plateau", "not_learning"}))


def early_stopping(rng):
    """The validation loss flattens within the threshold, and training ends by the rule."""
    patience, threshold = rng.randint(1, 3), rng.choice([0.001, 0.005, 0.01, 0.05])
    good = rng.randint(1, 4)
    ran = good + patience
    shape = healthy_shape(rng, steps=rng.randint(100, 600), epochs=ran)
    low = rng.uniform(0.4, 1.2)
    losses = [low + (threshold * 2 + 0.03) * (good - 1 - e) if e < good else low for e in range(ran)]
    losses = [loss - 0.2 * threshold * rng.random() * (e >= good) for e, loss in enumerate(losses)]
    rule = {"earlyStoppingPatience": str(patience), "earlyStoppingThreshold": str(threshold)}
    asked = rule | {"epochCount": str(ran + rng.randint(1, 4))}
    return whole(rng, replace(shape, validation=losses, jitter=0, asked=asked), {"early_stopping"})


def ended_early(rng):
    """Fewer epochs than asked for, of a base model without early stopping."""
    shape = healthy_shape(rng, epochs=rng.randint(1, 3))
    asked = {"earlyStoppingPatience": "", "earlyStoppingThreshold": "", "epochCount": str(max(shape.epochs) + 3)}
    return whole(rng, replace(shape, asked=asked), {"ended_early"})


def nothing(rng):
    run = TrainingRun(
        [], [], rng.choice(["Failed", "Stopped", "Completed"]), "nova-lite", {"epochCount": "2"}, 100, None
    )
    return Drawn(run, frozenset({"no_metrics"}))


# The simulator's arithmetic


def texts(rng: random.Random, count: int, learnable: float) -> list[tuple[str, str]]:
    """Prompts and answers of which a share follows from the prompt, and the rest is noise."""
    words = [f"w{index}" for index in range(3_000)]
    pairs = []
    for index in range(count):
        topic = f"topic{rng.randrange(20)}"
        asked = f"Tell me about {topic}, case {index}"
        if rng.random() < learnable:
            pairs.append((asked, f"Open the {topic} page and press the {topic} button"))
        else:
            pairs.append((" ".join(rng.choices(words, k=8)), " ".join(rng.choices(words, k=8))))
    return pairs


def simulated(rng):
    """A training by the simulator; what is true comes from the same training, measured on fresh records."""
    noisy = rng.random() < 0.5
    learnable, rate = (rng.uniform(0, 0.3), rng.uniform(2, 8)) if noisy else (rng.uniform(0.9, 1), 1.0)
    train, validation = (texts(rng, rng.randint(*size), learnable) for size in ((60, 200), (40, 80)))
    epochs, batch = rng.randint(3, 8), rng.choice([4, 8, 16])
    rule = EarlyStopping(0.001, 2) if rng.random() < 0.3 else None
    recipe = Recipe(epochs, batch, rate, 0, rule)
    seen = learn(train, validation, recipe)
    losses = [
        point.loss
        for point in learn(
            train, texts(rng, FRESH // 4, learnable), replace(recipe, epochs=seen.epochs, early_stopping=None)
        ).validation
    ]
    rise = losses[-1] / min(losses) - 1
    truth = {"overfitting"} if rise >= 0.08 else set()
    truth |= {"early_stopping"} if seen.epochs < epochs else set()
    truth |= {"too_few_steps"} if len(seen.training) < 30 else set()
    open_ = {"too_few_steps", "plateau", "not_learning"} | ({"overfitting"} if 0.01 < rise < 0.08 else set())
    best = losses.index(min(losses)) + 1 if rise >= 0.08 else None
    return Drawn(_of_simulator(seen, recipe, len(train)), frozenset(truth), frozenset(open_ - truth), best)


def simulated_rate(rng):
    """A rate far too high or far too low, as Llama's range allows, and the right one as often."""
    rate = rng.choice([1.0, 1.0, 200.0, 800.0, 0.0002])
    epochs = 1 if rate > 100 else rng.randint(2, 4)
    train = texts(rng, rng.randint(150, 400), 0.05 if rate > 100 else 0.8)
    recipe = Recipe(epochs, 4, rate)
    seen = learn(train, texts(rng, FRESH // 4, 0.8), recipe)
    means = [_mean([point.loss for point in seen.training if point.epoch == epoch]) for epoch in range(epochs)]
    tail = _mean([point.loss for point in seen.training[-20:]])
    truth, open_ = set(), {"too_few_steps", "plateau"}
    if tail > 1.6 * seen.training[0].loss:
        truth, open_ = {"diverged"}, open_ | {"loss_spikes"}
    elif tail > 1.2 * seen.training[0].loss:
        open_ |= {"diverged", "loss_spikes", "not_learning"}
    elif epochs > 1 and means[-1] > 0.99 * means[0]:
        truth = {"not_learning"}
    if epochs == 1:
        truth |= {"too_few_epochs"}
    return Drawn(_of_simulator(seen, recipe, len(train)), frozenset(truth), frozenset(open_ - truth))


def _of_simulator(seen, recipe, records):
    asked = {"epochCount": str(recipe.epochs), "batchSize": str(recipe.batch_size)}
    if recipe.early_stopping:
        asked |= {"earlyStoppingThreshold": str(recipe.early_stopping.threshold)}
        asked |= {"earlyStoppingPatience": str(recipe.early_stopping.patience)}
    training, validation = (
        [MetricPoint(point.step, point.epoch, round(point.loss, 6), None) for point in points]
        for points in (seen.training, seen.validation)
    )
    return TrainingRun(training, validation, "Completed", "claude-3-haiku", asked, records, bool(validation))


def _mean(values):
    return sum(values) / len(values)


Kind = Callable[[random.Random], Drawn]
HEALTHY: tuple[Kind, ...] = (
    power_law,
    warmed_up,
    fixed_order,
    bedrock_small,
    bedrock_sample,
    medical_lora,
    logged_rarely,
    many_validations,
    five_validations,
    one_validation,
    small_batches,
    batches_of_one,
)
DEFECTIVE: tuple[Kind, ...] = (
    nan,
    missing,
    diverged,
    diverged_at_once,
    plateau,
    not_learning,
    too_few,
    too_noisy,
    overfitting,
    overfitting_of_five,
    overfitting_dense,
    spiked,
    stopped,
    early_stopping,
    ended_early,
    nothing,
)
SIMULATED: tuple[Kind, ...] = (simulated, simulated_rate)


def draw(kind: Kind, seed: int) -> Drawn:
    """The curve of a kind and a seed; another seed, another curve."""
    return kind(random.Random(f"{kind.__name__} {seed}"))


@dataclass(frozen=True)
class Tally:
    """What was found on many curves, by code."""

    defective: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    curves: Counter[str] = field(default_factory=Counter)
    """`healthy`, those of them that got a code which is wrong (`wronged`), and `all`."""
    best: Counter[int] = field(default_factory=Counter)
    """By how many epochs `best_epoch` is off."""
    located: Counter[bool] = field(default_factory=Counter)
    """Whether the record behind a spike is among the candidates."""

    def add(self, drawn_: Drawn) -> None:
        """Diagnose one curve and count what is right and wrong."""
        given = {each.code: each for each in diagnose(drawn_.run)}
        judged = [code for code in CODES if code not in drawn_.open]
        self.defective.update(code for code in judged if code in drawn_.truth)
        self.found.update(code for code in judged if code in drawn_.truth and code in given)
        self.without.update(code for code in judged if code not in drawn_.truth)
        wrong = [code for code in judged if code not in drawn_.truth and code in given]
        self.false.update(wrong)
        healthy = not drawn_.truth - INFORMATION
        self.curves.update({"all": 1, "healthy": healthy, "wronged": healthy and bool(wrong)})
        self._places(drawn_, given)

    def _places(self, drawn_: Drawn, given: Mapping[str, Diagnosis]) -> None:
        if drawn_.best_epoch and (overfitted := given.get("overfitting")):
            self.best[abs((overfitted.best_epoch or 0) - drawn_.best_epoch)] += 1
        if drawn_.record and (spiked_ := given.get("loss_spikes")):
            ranges = [place.records for place in spiked_.places if place.records]
            self.located[any(first <= drawn_.record <= last for first, last in ranges)] += 1


def healthy_run(steps: int) -> TrainingRun:
    """A healthy run of about so many steps in five epochs."""
    rng = random.Random(steps)
    return drawn(rng, healthy_shape(rng, steps=steps, epochs=5))


INFORMATION = frozenset({"too_few_steps", "too_few_epochs", "no_validation"})
"""What a healthy run may lack."""


def judged(seeds: Sequence[int], kinds: Mapping[Kind, int]) -> Tally:
    """The tally of so many of the seeds for each kind."""
    tally = Tally()
    for kind, count in kinds.items():
        for seed in seeds[:count]:
            tally.add(draw(kind, seed))
    return tally
