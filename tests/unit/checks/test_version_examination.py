"""A version examined as a whole: joined files, a share as validation, configured system texts, both paths alike."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import SPLITS, BaseModel, Split
from tunedrop.domain.checks import examples, version_examination
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.split_examination import Examined
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.record import Block
from tunedrop.domain.records.sources import Bytes

HAIKU = catalogue.find("claude-3-haiku")
LONG = " ".join(f"word{'abcdefghij'[number % 10]}{'klmnopqrst'[number // 10]}" for number in range(100))


def parts(*contents: bytes, split: Split = "train") -> list[Part]:
    return [Part(f"incoming/x/{split}/{number}.jsonl", "jsonl", Bytes(each)) for number, each in enumerate(contents)]


def examined(plan: Assignment, **splits: bytes) -> tuple[tuple[Examined, ...], dict[tuple[str, Split], bytes]]:
    """Results, and what was written by base model and split."""
    written: dict[tuple[str, Split], bytearray] = {}

    def output(base_model: BaseModel, split: Split):
        return written.setdefault((base_model.name, split), bytearray()).extend

    files: dict[Split, list[Part]] = {split: parts(splits[split], split=split) for split in SPLITS if split in splits}
    results = version_examination.examine(files, plan, output)
    return results, {place: bytes(lines) for place, lines in written.items()}


def test_a_finding_about_a_joined_split_names_the_file_it_stands_in():
    texts = [examples.line(f"Sort: {LONG} {end}", "Done.") for end in ("now", "soon")]
    first = examples.good(40)() + texts[0].encode() + b"\n"
    second = examples.good(3, 90)() + texts[1].encode() + b"\n"
    results = version_examination.examine(
        {"train": parts(first, second)}, Assignment(base_models=(HAIKU,), splits=("train",))
    )
    (finding,) = results[0].findings
    assert (finding.code, finding.source, finding.line, finding.record) == (
        "near_duplicate",
        "incoming/x/train/1.jsonl",
        4,
        45,
    )


def test_what_repetition_costs_is_told():
    (result,), _ = examined(Assignment((HAIKU,), ("train",)), train=examples.good(40)() + examples.good(10)())
    assert result.repeated is not None
    assert (result.repeated.records, result.repeated.tokens) == (10, 10 * result.tokens.p50)


def plan(share: float = 0.3) -> Assignment:
    splits: tuple[Split, ...] = ("train",)
    return Assignment((HAIKU,), splits, validation_share=share)


def test_a_share_of_train_becomes_validation_the_same_one_every_time():
    results, written = examined(plan(), train=examples.good(400)())
    assert [(each.split, each.source_split, each.accepted) for each in results] == [
        ("train", "train", True),
        ("validation", "train", True),
    ]
    train, validation = (written["claude-3-haiku", split] for split in ("train", "validation"))
    assert train.count(b"\n") + validation.count(b"\n") == 400
    assert 80 <= validation.count(b"\n") <= 160
    assert set(train.splitlines()).isdisjoint(validation.splitlines())
    assert examined(plan(), train=examples.good(400)())[1] == written
    shuffled = b"".join(sorted(examples.good(400)().splitlines(keepends=True)))
    assert set(examined(plan(), train=shuffled)[1]["claude-3-haiku", "validation"].splitlines()) == set(
        validation.splitlines()
    )


def test_no_repeated_question_is_on_both_sides():
    twice = examples.good(400)() + examples.good(400)().replace(b"What is", b"what  IS").replace(b"It is", b"Surely")
    results, written = examined(plan(), train=twice)
    sides = [
        {json.loads(line)["messages"][0]["content"].casefold().replace("  ", " ") for line in lines.splitlines()}
        for lines in written.values()
    ]
    assert sides[0].isdisjoint(sides[1])
    assert not any(code.startswith("split_") for result in results for code in result.counts)


def test_a_share_is_left_alone_where_there_is_a_validation_split():
    both = Assignment((HAIKU,), ("train", "validation"), validation_share=0.3)
    results, _ = examined(both, train=examples.good(100)(), validation=examples.good(50, 500)())
    assert [(each.split, each.records) for each in results] == [("train", 100), ("validation", 50)]


def test_a_base_model_that_takes_no_validation_trains_on_all():
    both = Assignment((HAIKU, catalogue.find("nova-2-lite")), ("train",), validation_share=0.3)
    results, written = examined(both, train=examples.good(400)())
    assert [(each.base_model, each.split) for each in results] == [
        ("claude-3-haiku", "train"),
        ("nova-2-lite", "train"),
        ("claude-3-haiku", "validation"),
    ]
    assert results[1].records == written["nova-2-lite", "train"].count(b"\n") == 400
    assert results[0].records + results[2].records == 400


def test_the_limits_are_those_of_each_side():
    results, _ = examined(plan(share=0.01), train=examples.good(100)())
    assert results[0].accepted
    assert set(results[1].counts) == {"too_few_records"}


SYSTEMS = ["You are brief.", "a\nHuman: b", "  ", "x" * 200_000]


@pytest.mark.parametrize("system", SYSTEMS, ids=["good", "reserved", "blank", "too long"])
@pytest.mark.parametrize("name", ["claude-3-haiku", "nova-lite", "llama-3-1-8b"])
def test_a_configured_system_text_is_judged_on_both_paths_alike(system, name):
    model = catalogue.find(name)
    systems = {(name, "train"): Block("system", system)}
    outcomes = [
        examined(Assignment((model,), ("train",), systems=systems, level=level), train=examples.good(100)())
        for level in ("all", "errors")
    ]
    (everything, lines), (errors, same) = outcomes
    assert errors[0].accepted == everything[0].accepted
    assert errors[0].errors == everything[0].errors
    assert errors[0].normalised == everything[0].normalised
    assert same == lines


@pytest.mark.parametrize("level", ["all", "errors"])
def test_a_policy_rejects_by_what_only_shows_over_several_records(level):
    strict = Assignment((HAIKU,), ("train",), policy=Policy(error=frozenset({"exact_duplicate"})), level=level)
    (result,), _ = examined(strict, train=examples.good(40)() + examples.good(1)())
    assert (result.accepted, result.errors) == (False, 1)


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | st.sampled_from(
    ["\n\nHuman:", "User: hi", "\u3000", "\0", "<image>", "a\\u0048uman", "é", "\\", '"']
)
RECORDS = st.builds(
    lambda prompt, completion, ascii_only: json.dumps(
        {"prompt": prompt, "completion": completion}, ensure_ascii=ascii_only
    ).encode(),
    TEXTS,
    TEXTS,
    st.booleans(),
)
LINES = RECORDS | st.binary(max_size=6) | st.sampled_from([b"", b'{"prompt": "a", "prompt": "b", "completion": "c"}'])


@settings(max_examples=25, deadline=None)
@given(st.lists(LINES, max_size=8), st.none() | st.sampled_from(["You are the help desk.", "User: x"]))
def test_neither_blocks_of_lines_nor_other_base_models_change_a_report(lines, system):
    content = examples.good(100)() + b"".join(line + b"\n" for line in lines)
    models = tuple(map(catalogue.find, catalogue.catalogue()))
    systems: dict[tuple[str, Split], Block] = {}
    if system is not None:
        systems = {(model.name, "train"): Block("$.system", system) for model in models}
    together, written = examined(Assignment(models, ("train",), systems), train=content)
    for model, result in [*zip(models, together, strict=True)][::3]:
        # With a field to ignore, even one that no record has, lines are read one by one.
        plan = Assignment((model,), ("train",), systems, ignore=frozenset({"none of these"}))
        (alone,), same = examined(plan, train=content)
        assert replace(alone, normalised=+Counter(alone.normalised)) == result
        assert same[model.name, "train"] == written[model.name, "train"]


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=8), st.sampled_from(["claude-3-haiku", "nova-lite", "llama-3-1-8b"]))
def test_the_bulk_path_never_changes_a_verdict_an_error_or_a_byte(lines, name):
    content = examples.good(100)() + b"".join(line + b"\n" for line in lines)
    model = catalogue.find(name)
    (everything,), written = examined(Assignment((model,), ("train",)), train=content)
    (errors,), same = examined(Assignment((model,), ("train",), level="errors"), train=content)
    found = [[each for each in result.findings if each.severity == "error"] for result in (everything, errors)]
    assert found[0] == found[1]
    assert (errors.records, errors.accepted) == (everything.records, everything.accepted)
    if everything.accepted:
        assert same == written


@dataclass(frozen=True)
class Huge(Bytes):
    """A file that says it is larger than any validation file may be."""

    @property
    def size(self) -> int:
        """Two gibibytes."""
        return 2 * 2**30


def test_a_share_is_not_judged_by_the_size_of_the_file_it_comes_from():
    files: dict[Split, list[Part]] = {"train": [Part("train.jsonl", "jsonl", Huge(examples.good(400)()))]}
    results = version_examination.examine(files, plan())
    assert [(each.split, dict(each.counts)) for each in results] == [("train", {}), ("validation", {})]
