"""The loss curves of the simulator come from real arithmetic on the data."""

import math
import random
import time

import pytest
from bedrock_simulator.early_stopping import EarlyStopping, has_stalled
from bedrock_simulator.learning import Recipe, learn
from hypothesis import given, settings
from hypothesis import strategies as st

LOSSES = [0.9, 0.8, 0.7, 0.66, 0.64, 0.65, 0.65]


def learnable(count, seed=0):
    chosen = random.Random(seed).choices([f"topic{i}" for i in range(20)], k=count)
    return [
        (f"Tell me about {t}, case {i}", f"Open the {t} page and press the {t} button") for i, t in enumerate(chosen)
    ]


def noise(count, seed=0):
    source = random.Random(seed)
    words = [f"w{i}" for i in range(3_000)]
    return [(" ".join(source.choices(words, k=10)), " ".join(source.choices(words, k=10))) for _ in range(count)]


@pytest.mark.parametrize(("threshold", "patience", "epochs"), [(0, 2, 7), (0.05, 1, 4), (0.06, 2, 5)])
def test_training_stops_at_the_documented_epoch(threshold, patience, epochs):
    rule = EarlyStopping(threshold, patience)
    stalled = [has_stalled(LOSSES[:n], rule) for n in range(1, len(LOSSES) + 1)]
    assert stalled.index(True) + 1 == epochs


def test_an_improvement_of_exactly_the_threshold_is_none():
    assert has_stalled([0.8, 0.7], EarlyStopping(0.1, 1))  # in binary floats 0.8 - 0.7 is a little more than 0.1


@settings(deadline=None)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=12), st.floats(0, 0.1), st.integers(1, 10))
def test_training_never_stops_before_its_patience_is_used_up(losses, threshold, patience):
    if has_stalled(losses, EarlyStopping(threshold, patience)):
        assert len(losses) > patience


def test_the_loss_falls_where_there_is_something_to_learn():
    curves = learn(learnable(200), learnable(50, seed=1), Recipe(3, 16))
    assert curves.training[-1].loss < curves.training[0].loss / 4
    assert curves.validation[-1].loss < curves.validation[0].loss


def test_noise_is_learned_by_heart_and_the_validation_loss_rises():
    curves = learn(noise(200), noise(60, seed=1), Recipe(8, 8))
    assert curves.training[-1].loss < curves.training[0].loss - 0.5
    assert curves.validation[-1].loss > curves.validation[0].loss


def test_early_stopping_ends_a_training_that_no_longer_helps():
    recipe = Recipe(10, 8, early_stopping=EarlyStopping(0.001, 2))
    curves = learn(noise(200), noise(60, seed=1), recipe)
    assert curves.epochs == len(curves.validation) == 3
    assert curves.training[-1].step == 3 * 25 - 1


def test_early_stopping_needs_validation_data():
    recipe = Recipe(4, 8, early_stopping=EarlyStopping(0.1, 1))
    assert learn(noise(40), [], recipe).epochs == 4


def test_a_higher_rate_learns_faster():
    slow, fast = (learn(learnable(100), [], Recipe(1, 16, rate=rate)).training[-1].loss for rate in (0.1, 2))
    assert fast < slow


def test_warming_up_makes_the_first_steps_small():
    cold, warm = (learn(learnable(100), [], Recipe(1, 8, warmup_steps=w)).training[3].loss for w in (100, 0))
    assert warm < cold


def test_the_same_data_and_recipe_give_the_same_curves():
    first, second = (learn(noise(100), noise(40, 1), Recipe(2, 7)) for _ in range(2))
    assert first == second


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 60), batch=st.integers(1, 70), epochs=st.integers(1, 4))
def test_steps_are_epochs_times_batches_rounded_up(count, batch, epochs):
    curves = learn(learnable(count), [], Recipe(epochs, batch))
    steps = -(-count // batch)
    assert [point.step for point in curves.training] == list(range(epochs * steps))
    assert [point.epoch for point in curves.training] == [e for e in range(epochs) for _ in range(steps)]


def test_steps_that_share_an_update_keep_a_loss_of_their_own():
    curves = learn(learnable(2_000), [], Recipe(3, 1))
    assert len(curves.training) == 6_000
    assert len({round(point.loss, 6) for point in curves.training[:100]}) > 10


@pytest.mark.parametrize("rate", [0.05, 1_000])
def test_losses_stay_finite_at_extreme_rates(rate):
    curves = learn(noise(100), noise(40, 1), Recipe(3, 1, rate=rate))
    assert all(math.isfinite(point.loss) for point in curves.training + curves.validation)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), min_size=1, max_size=8))
def test_any_text_can_be_learned_from(pairs):
    assert math.isfinite(learn(pairs, pairs, Recipe(1, 2)).validation[0].loss)


def test_five_thousand_records_take_about_a_second():
    started = time.process_time()
    learn(learnable(5_000), learnable(500, 1), Recipe(2, 32))
    assert time.process_time() - started < 4  # about 0.8 on an idle machine
