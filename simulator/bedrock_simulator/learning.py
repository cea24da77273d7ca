"""Train a small language model on hashed features by mini-batch SGD: the arithmetic behind a simulated training.

It predicts the hash of an answer's next word from the words of the prompt and the words right before. Losses are real
cross-entropies on the given data, so curves fall, flatten and overfit as the data makes them.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bedrock_simulator.early_stopping import EarlyStopping, has_stalled

CLASSES = 128  # hashed words of answers
FEATURES = 256  # the first half for the prompt, the second for the words before
BASE_RATE = 3.0  # step size at the family's default learning rate
MAX_UPDATES = 1_000  # beyond that, several steps share an update, but each has its own loss
MAX_VISITS = 24_000  # samples per training, but at least one per record and epoch
MAX_VALIDATION_SAMPLES = 2_000
PROMPT_WORDS, ANSWER_WORDS = 48, 64
UNTHREADED = 262_144  # most multiplications for which OpenBLAS uses one thread
_WORD = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
_Matrix = npt.NDArray[np.float32]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train; `rate` is a multiple of the family's default."""

    epochs: int
    batch_size: int
    rate: float = 1
    warmup_steps: int = 0
    early_stopping: EarlyStopping | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a loss curve; steps and epochs count from 0."""

    step: int
    epoch: int
    loss: float


@dataclass(frozen=True, slots=True)
class Curves:
    """The training loss of every step and the validation loss of every epoch that ran, and the number of epochs."""

    training: tuple[Point, ...]
    validation: tuple[Point, ...]
    epochs: int


def learn(training: Sequence[Pair], validation: Sequence[Pair], recipe: Recipe) -> Curves:
    """Train on (prompt, answer) pairs; the same data and recipe always give the same curves."""
    per_pair = max(1, min(4, MAX_VISITS // (len(training) * recipe.epochs)))
    inputs, targets = _samples(training, per_pair)
    held_out = _samples(validation[: MAX_VALIDATION_SAMPLES // per_pair], per_pair)
    weights = np.zeros((FEATURES, CLASSES), dtype=np.float32)
    order = np.random.default_rng(len(training))
    steps = -(-len(training) // recipe.batch_size)
    points: list[Point] = []
    checks: list[Point] = []
    for epoch in range(recipe.epochs):
        rows = order.permutation(len(training))
        losses = _epoch(weights, inputs[rows], targets[rows], recipe, epoch * steps)
        points += [Point(epoch * steps + i, epoch, loss) for i, loss in enumerate(losses)]
        if validation:
            loss = float(_forward(weights, *held_out)[0].mean())
            checks.append(Point(points[-1].step, epoch, loss))
        if checks and recipe.early_stopping and has_stalled([check.loss for check in checks], recipe.early_stopping):
            break
    return Curves(tuple(points), tuple(checks), points[-1].epoch + 1)


def _epoch(
    weights: _Matrix, inputs: _Matrix, targets: npt.NDArray[np.int64], recipe: Recipe, first: int
) -> list[float]:
    """Make one pass over shuffled samples, changing `weights`; return the loss of every step."""
    steps = -(-len(inputs) // recipe.batch_size)
    shared = -(-steps * recipe.epochs // MAX_UPDATES)
    losses: list[float] = []
    for start in range(0, steps, shared):
        rows = slice(start * recipe.batch_size, (start + shared) * recipe.batch_size)
        batch = inputs[rows].reshape(-1, FEATURES)
        sample_losses, error = _forward(weights, batch, targets[rows].ravel())
        warm = min(1.0, (first + start + 1) / (recipe.warmup_steps + 1))
        rate = BASE_RATE * recipe.rate * warm * min(shared, 8) ** 0.5
        weights -= (rate / len(batch)) * _product(batch.T, error)
        per_record = sample_losses.reshape(-1, inputs.shape[1]).mean(axis=1)
        cuts = np.arange(0, len(per_record), recipe.batch_size)
        sizes = np.diff(np.append(cuts, len(per_record)))
        losses += (np.add.reduceat(per_record, cuts) / sizes).tolist()
    return losses


def _forward(weights: _Matrix, inputs: _Matrix, targets: npt.NDArray[np.int64]) -> tuple[_Matrix, _Matrix]:
    """The loss of every sample, and the gradient with respect to its logits."""
    flat, wanted = inputs.reshape(-1, FEATURES), targets.ravel()
    logits = np.clip(_product(flat, weights), -40, 40)
    scores: _Matrix = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances: _Matrix = scores / scores.sum(axis=1, keepdims=True)
    rows = np.arange(len(wanted))
    losses: _Matrix = -np.log(np.maximum(chances[rows, wanted], np.float32(1e-9)))
    chances[rows, wanted] -= 1
    return losses, chances


def _product(left: _Matrix, right: _Matrix) -> _Matrix:
    """Multiply in blocks too small for BLAS to start threads, which wait for each other on a busy machine."""
    rows = max(1, UNTHREADED // right.size)
    whole = len(left) // rows * rows
    blocks = left[:whole].reshape(-1, rows, left.shape[1]) @ right
    return np.concatenate((blocks.reshape(whole, right.shape[1]), left[whole:] @ right))


def _samples(pairs: Sequence[Pair], per_pair: int) -> tuple[_Matrix, npt.NDArray[np.int64]]:
    """Features (pair, sample, FEATURES) and target classes (pair, sample) at positions spread over each answer."""
    inputs = np.zeros((len(pairs), per_pair, FEATURES), dtype=np.float32)
    targets = np.zeros((len(pairs), per_pair), dtype=np.int64)
    half = FEATURES // 2
    for row, (prompt, answer) in enumerate(pairs):
        asked = [_hash(word) % half for word in _words(prompt, PROMPT_WORDS)] or [0]
        words = ["", "", *_words(answer, ANSWER_WORDS), ""]
        inputs[row] += np.bincount(asked, minlength=FEATURES) / len(asked) ** 0.5
        for place in range(per_pair):
            at = 2 + place * (len(words) - 3) // per_pair
            before = (words[at - 1], " ".join(words[at - 2 : at]), f"{asked[-1]} {at}")
            inputs[row, place, [half + _hash(key) % half for key in before]] += 0.7
            targets[row, place] = _hash(words[at]) % CLASSES
    return inputs, targets


def _words(text: str, limit: int) -> list[str]:
    return _WORD.findall(text[: limit * 12].lower())[:limit]


def _hash(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "replace"))
