"""What only shows over many records: duplicates, near duplicates, one answer, and leaks between splits."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.checks import examples
from tunedrop.domain.checks.near_duplicates import TEMPLATE
from tunedrop.domain.checks.record_duplicates import Repetitions
from tunedrop.domain.records.fingerprints import MEMORY
from tunedrop.domain.records.record import Block, Record, Turn

from tests.unit.checks.splits import run

LETTERS = "etaoinshrdlucmfwypgbvkjxqz"
OFTEN = [127, 91, 82, 75, 70, 67, 63, 61, 60, 43, 40, 28, 28, 24, 22, 24, 20, 19, 20, 15, 10, 8, 2, 2, 1, 1]
"""How often each is met in English."""
WORDS = list(
    dict.fromkeys("".join(random.Random(seed).choices(LETTERS, weights=OFTEN, k=2 + seed % 7)) for seed in range(4_000))
)


def record(question: str, answer: str, system: str | None = None) -> Record:
    turns = (Turn("$", "user", (Block("$", question),)), Turn("$", "assistant", (Block("$", answer),)))
    return Record((Block("$", system),) if system is not None else (), turns)


def story(seed: int, words: int = 150) -> list[str]:
    return random.Random(f"story {seed}").choices(WORDS, k=words)


def strange(seed: int, count: int = 100) -> list[Record]:
    """Long records that have nothing to do with each other."""
    return [record(" ".join(story(seed + n)), " ".join(story(-seed - n - 1, 50))) for n in range(count)]


def look_at(repetitions: Repetitions, split, records) -> Counter[tuple[str, int | None]]:
    """Codes found, with their line and record."""
    found: list[tuple[str, int | None]] = []
    for number, each in enumerate(records, 1):
        found += [(defect.code, number) for defect in repetitions.look(split, each, number, number + 1)]
    late = repetitions.finish(split)
    assert all(defect.line == (defect.record or 0) + 1 for defect in late)
    return Counter(found + [(defect.code, defect.record) for defect in late])


def codes(*records: Record, split="train") -> dict[str, int]:
    return dict(Counter(code for code, _ in look_at(Repetitions(), split, records)))


def edited(words: list[str], at: int) -> str:
    return " ".join([*words[:at], "otherwise", *words[at + 1 :]])


# Cases 96 to 99 of the bad files


def test_96_exact_duplicates_are_a_warning_that_names_the_first():
    result, _ = run(examples.good(40)() + examples.good(2)())
    assert result.accepted
    assert [(f.code, f.line, f.record, f.message) for f in result.findings] == [
        ("exact_duplicate", 41, 41, "The same as record 1."),
        ("exact_duplicate", 42, 42, "The same as record 2."),
    ]


def test_97_the_same_prompt_with_another_completion_is_a_warning():
    result, _ = run(examples.good(40)() + examples.line("What is 7 + 1?", "It is 9.").encode())
    assert result.accepted
    assert [(f.code, f.line, f.message) for f in result.findings] == [
        ("conflicting_answers", 41, "The same question as in record 8, with another answer.")
    ]


def test_98_a_record_in_train_and_validation_is_a_warning_in_validation():
    result, _ = run(examples.good(40)(), train=examples.good(40, 39)())
    assert (result.split, result.accepted) == ("validation", True)
    assert [(f.code, f.line, f.record, f.message) for f in result.findings] == [
        ("split_overlap", 40, 40, "The same as record 1 of train.")
    ]


def test_99_all_records_identical_is_a_warning_for_each_but_the_first_and_no_other():
    result, _ = run(examples.good(1)() * 40)
    assert result.accepted
    assert result.counts == {"exact_duplicate": 39}


# within a split


@pytest.mark.parametrize(
    ("first", "again", "code"),
    [
        ("Is it on?", "is it  on", "normalised_duplicate"),
        ("Is it \u201con\u201d?", 'Is it "on"?', "normalised_duplicate"),
        ("Is it\u00a0on?", "Is it on?", "normalised_duplicate"),
        ("ÉTÉ", "été", "normalised_duplicate"),
        ("Was ist 1.5 + 2?", "Was ist 15 + 2?", None),
        ("What is 5 - 1?", "What is 5 + 1?", None),
        ("What is 12:30?", "What is 1230?", None),
        ("x > 1", "x < 1", None),
        ("日本は", "日本が", None),
    ],
)
def test_only_case_spaces_and_plain_punctuation_make_no_difference(first, again, code):
    assert codes(record(first, "Yes."), record(again, "Yes.")) == ({code: 1} if code else {})


def test_a_later_copy_names_the_record_that_it_is_the_same_as_to_the_byte():
    repetitions = Repetitions()
    texts = ["Hello there", "hello there", "hello there", "Hello there"]
    said = [repetitions.look("train", record(text, "Hi."), n, n) for n, text in enumerate(texts, 1)]
    assert [[defect.message for defect in each] for each in said] == [
        [],
        ["The same as record 1 but for case, spaces or punctuation."],
        ["The same as record 2."],
        ["The same as record 1."],
    ]


def test_another_system_text_makes_another_question():
    assert codes(record("Why?", "So.", "Be kind."), record("Why?", "No.", "Be brief."), record("Why?", "Hm.")) == {}
    long = " ".join(story(1))
    assert codes(record(long, "So.", "Be kind."), record(edited(story(1), 50), "So.", "Be brief.")) == {}
    assert codes(record("Why?", "So.", "Be kind."), record("Why?", "No.", "be kind")) == {"conflicting_answers": 1}


def test_a_conversation_is_compared_turn_by_turn_and_role_by_role():
    def said(*turns: tuple[str, str]) -> Record:
        return Record((), tuple(Turn("$", role, (Block("$", text),)) for role, text in turns))

    first = said(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    other = said(("user", "a"), ("assistant", "bc"), ("user", ""), ("assistant", "d"))
    assert codes(first, other) == {}
    assert codes(first, first) == {"exact_duplicate": 1}
    assert codes(said(("user", "a"), ("assistant", "b")), said(("system", "a"), ("assistant", "b"))) == {}
    opaque = Record((), (Turn("$", "user", (Block("$", None, {"image": 1}),)), Turn("$", "assistant", ())))
    assert codes(opaque, opaque, said(("user", ""), ("assistant", ""))) == {"exact_duplicate": 1}


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 149), st.integers(0, 99), st.data())
def test_a_long_question_again_with_one_word_changed_is_always_found(seed, at, place, data):
    records, words = strange(seed), story(seed + place)
    answer = records[place].turns[1].blocks[0].text
    changed = (
        answer if data.draw(st.booleans()) else edited(story(-seed - place - 1, 50), data.draw(st.integers(0, 49)))
    )
    records.insert(data.draw(st.integers(place + 1, 100)), record(edited(words, at), changed))
    found = look_at(Repetitions(), "train", records)
    where = records.index(record(edited(words, at), changed)) + 1
    assert set(found) == {("near_duplicate", where)}


def _otherwise(words: list[str], seed: int, times: int) -> str:
    """The words with so many of them changed, added or marked."""
    chance, changed = random.Random(seed), list(words)
    for _ in range(times):
        at, word = chance.randrange(len(changed)), chance.choice(WORDS)
        changed[at : at + chance.choice([0, 1])] = [chance.choice([word, f"{changed[at]},", "-"])]
    return " ".join(changed)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("length", [40, 55, 90])
def test_of_forty_words_and_more_with_one_or_two_changes_nineteen_in_twenty_are_found(length, times):
    found = 0
    for seed in range(20):
        first = [record(" ".join(story(seed * 1_000 + n, length)), f"It is {WORDS[n]}.") for n in range(100)]
        again = [
            record(_otherwise(story(seed * 1_000 + n, length), seed + n, times), f"It is {WORDS[n]}.") for n in range(5)
        ]
        codes_found = look_at(Repetitions(), "train", [*first, *again])
        assert all(record_ > 100 for _, record_ in codes_found)
        found += len(codes_found)
    assert found >= 95


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("asked", "said"), [(9, 40), (12, 90), (40, 9), (90, 40)])
def test_of_records_with_changes_in_question_and_answer_nineteen_in_twenty_are_found(asked, said, times):
    found = 0
    for seed in range(0, 20_000, 1_000):
        texts = [(story(seed + n, asked), story(-seed - n - 1, said)) for n in range(100)]
        first = [record(" ".join(question), " ".join(answer)) for question, answer in texts]
        again = [record(*(_otherwise(part, seed + n, times) for part in texts[n])) for n in range(5)]
        codes_found = look_at(Repetitions(), "train", [*first, *again])
        assert all(record_ > 100 for _, record_ in codes_found)
        found += len(codes_found)
    assert found >= 95


@pytest.mark.parametrize(("one", "other"), [("It is, red.", "It is red"), ("Red", "red -")])
def test_a_long_question_again_is_found_where_short_answers_differ_in_marks_only(one, other):
    words = story(1)
    assert codes(record(" ".join(words), one), record(edited(words, 60), other)) == {"near_duplicate": 1}
    assert codes(record(" ".join(words), one), record(edited(words, 60), "It is blue.")) == {}


@pytest.mark.parametrize("changed", [3, 4])
def test_a_long_answer_again_is_none_where_more_words_of_the_short_question_are_others(changed):
    question, answer = story(1, 9), story(2, 90)
    asked = [*WORDS[-changed:], *question[changed:-1], WORDS[-9]]
    assert codes(record(" ".join(question), " ".join(answer)), record(" ".join(asked), edited(answer, 60))) == {}


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(0, 149))
def test_a_long_answer_again_is_found_where_the_short_questions_are_alike(seed, at):
    words = story(seed)
    first = record("How do I connect the heating to the network?", " ".join(words))
    again = record("How can I connect the heating to the network?", edited(words, at))
    other = record("My lamp has gone out, what am I to do?", edited(words, at))
    assert codes(first, *strange(seed + 1, 20), again) == {"near_duplicate": 1}
    assert codes(first, *strange(seed + 1, 20), other) == {}


@pytest.mark.parametrize(("more", "found"), [("tonight please", {"near_duplicate": 1}), ("tonight at the harbour", {})])
def test_a_long_answer_again_is_found_where_two_words_were_added_to_a_question_of_six(more, found):
    answer = story(1)
    first = record("How can I dim the lamp?", " ".join(answer))
    assert codes(first, record(f"How can I dim the lamp {more}?", edited(answer, 60))) == found


def test_what_is_found_does_not_depend_on_which_of_the_two_comes_first():
    one, two = record(" ".join(story(1)), "Yes."), record(edited(story(1), 60), "Yes.")
    assert look_at(Repetitions(), "train", [one, *strange(9), two]) == {("near_duplicate", 102): 1}
    assert look_at(Repetitions(), "train", [two, *strange(9), one]) == {("near_duplicate", 102): 1}


@pytest.mark.parametrize("conversations", [False, True])
def test_good_samples_are_no_duplicates(conversations):
    result, _ = run(examples.good(1_000, conversations=conversations)())
    assert result.counts == {}


def _one_word_differs(n: int) -> Record:
    return record(f"Classify: the {WORDS[n]} was late", ["Complaint.", "Praise."][n % 2])


def _numbers_differ(n: int) -> Record:
    return record(f"{' '.join(story(3))} What is {n} + 1? {' '.join(story(4))}", f"It is {n + 1}.")


def _one_template(n: int) -> Record:
    return record(
        f"{' '.join(story(3))} Classify: the {WORDS[n]} {WORDS[n + 300]} was late", ["Complaint.", "Praise."][n % 2]
    )


def _one_document(n: int) -> Record:
    return record(f"{' '.join(story(n // 3, 300))} {' '.join(story(n + 500, 12))}?", " ".join(story(-n - 1, 40)))


def _canned_answers(n: int) -> Record:
    return record(" ".join(story(n, 12)), " ".join(story(n // 5, 150)))


@pytest.mark.parametrize(
    "build",
    [_one_word_differs, _numbers_differ, _one_template, _one_document, _canned_answers],
    ids=lambda f: f.__name__,
)
def test_what_is_made_from_a_template_is_no_near_duplicate(build):
    assert codes(*map(build, range(300))) == {}


def test_copies_are_found_beside_a_template():
    prefix = " ".join(story(3))
    records = [record(f"{prefix} {' '.join(story(100 + n))}", " ".join(story(-n - 1, 9))) for n in range(100)]
    records.append(record(f"{prefix} {edited(story(142), 60)}", " ".join(story(-43, 9))))
    assert look_at(Repetitions(), "train", records) == {("near_duplicate", 101): 1}


def test_eight_records_that_are_alike_are_a_template():
    def alike(count: int) -> list[Record]:
        return [record(edited(story(1), 10 + n), "Yes.") for n in range(count)]

    assert codes(*alike(TEMPLATE - 1), *strange(50)) == {"near_duplicate": TEMPLATE - 2}
    assert codes(*alike(TEMPLATE), *strange(50)) == {}


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (["Yes."] * 100, True),
        (["Yes."] * 99 + ["No."], True),
        (["Yes."] * 95 + ["No."] * 5, False),
        (["Yes.", "No."] * 50, False),
        (["Yes."] * 9, False),
    ],
)
def test_one_answer_everywhere_is_found_and_a_few_labels_are_not(answers, found):
    repetitions = Repetitions()
    for number, answer in enumerate(answers, 1):
        repetitions.look("train", record(f"Is {number} odd?", answer), number, number)
    defects = repetitions.finish("train")
    assert [(defect.code, defect.record, defect.line) for defect in defects] == (
        [("one_answer", 1, 1)] if found else []
    )


def test_no_message_quotes_a_record():
    secret = "correct horse battery staple"
    repetitions = Repetitions()
    messages = []
    for split in ("train", "validation", "test"):
        for number in range(1, 13):
            each = record(f"{secret} {' '.join(story(5 + number // 4))}", f"{secret} {number % 3}")
            messages += [defect.message for defect in repetitions.look(split, each, number, None)]
        messages += [defect.message for defect in repetitions.finish(split)]
    assert messages
    assert not any(word in message for word in secret.split() for message in messages)


# across splits


@pytest.mark.parametrize("stored", [False, True])
@settings(max_examples=20)
@given(
    seed=st.integers(0, 10**6),
    splits=st.sampled_from([("train", "validation"), ("train", "test"), ("validation", "test")]),
)
def test_a_planted_leak_is_always_found_in_the_later_split(stored, seed, splits):
    earlier, later = splits
    repetitions = Repetitions()
    records = strange(seed, 30)
    if stored:
        first = Repetitions()
        look_at(first, earlier, records)
        assert repetitions.remember(earlier, first.fingerprints(earlier))
    else:
        look_at(repetitions, earlier, records)
    answer = records[7].turns[1].blocks[0].text
    leaked = [
        records[5],
        record(" ".join(story(seed + 6)).upper(), records[6].turns[1].blocks[0].text),
        record(edited(story(seed + 7), 60), answer),
        record(" ".join(story(seed + 8)), "No."),
    ]
    found = look_at(repetitions, later, [*strange(seed + 10**7, 20), *leaked])
    assert found == {
        ("split_overlap", 21): 1,
        ("split_near_duplicate", 22): 1,
        ("split_near_duplicate", 23): 1,
        ("split_same_question", 24): 1,
    }


def test_a_remembered_split_is_compared_with_a_new_one_before_it():
    first, again = Repetitions(), Repetitions()
    look_at(first, "validation", [*strange(1, 20), *strange(500, 1)])
    assert again.remember("validation", first.fingerprints("validation"))
    look_at(again, "train", [*strange(900, 20), *strange(500, 1)])
    (leak,) = again.leaks("validation")
    assert (leak.code, leak.record, leak.line, leak.message) == (
        "split_overlap",
        21,
        22,
        "The same as record 21 of train.",
    )
    assert again.finish("validation") == (leak,)


def test_live_and_stored_fingerprints_come_to_the_same_findings():
    records = [*strange(1, 30), *samples_of_all_kinds()]
    live, stored = Repetitions(), Repetitions()
    look_at(live, "train", records)
    stored.remember("train", live.fingerprints("train"))
    for each in (live, stored):
        for number, again in enumerate(reversed(records), 1):
            each.look("test", again, number, number)
    assert live.finish("test") == stored.finish("test")
    assert live.fingerprints("test") == stored.fingerprints("test")


def samples_of_all_kinds() -> list[Record]:
    return [
        record(" ".join(story(1)), "x"),
        record(edited(story(1), 3), "x"),
        record("", ""),
        record("a", "b", "c"),
        record("\ud800", "\ud800"),
        record("中文" * 400, "答" * 400),
        record("a" * 5_000, "b" * 5_000),
        Record((), ()),
    ]


@pytest.mark.parametrize("dumped", [b"", b"x" * 100])
def test_useless_fingerprints_leave_the_split_to_be_read(dumped):
    repetitions = Repetitions()
    assert not repetitions.remember("train", dumped)
    assert look_at(repetitions, "train", samples_of_all_kinds())
    assert repetitions.finish("test") == repetitions.leaks("validation") == ()
    assert repetitions.fingerprints("validation") == b""


def test_what_repetition_costs_is_counted_in_records_and_tokens():
    repetitions = Repetitions()
    assert repetitions.repeated("train") is None
    look_at(repetitions, "train", [record("abc", "abc")] * 3 + [record("ABC", "abc"), record("abc", "x")])
    repeated = repetitions.repeated("train")
    assert (repeated.records, repeated.tokens, repeated.near) == (3, 6, 0)


def test_records_past_the_memory_are_not_looked_at():
    repetitions = Repetitions()
    same = record("Why?", "So.")
    found = [repetitions.look("train", same, number, number) for number in range(1, MEMORY + 3)]
    assert [len(each) for each in (found[0], found[1], found[MEMORY - 1], found[MEMORY], found[-1])] == [0, 1, 1, 0, 0]


_TEXTS = st.text(max_size=40) | st.builds(lambda seed: " ".join(story(seed)), st.integers(0, 3))
_BLOCKS = st.builds(Block, st.just("$"), st.none() | _TEXTS, st.none() | st.dictionaries(st.text(), st.integers()))
_TURNS = st.builds(
    Turn, st.just("$"), st.sampled_from(["user", "assistant", ""]), st.lists(_BLOCKS, max_size=2).map(tuple)
)
_RECORDS = st.builds(Record, st.lists(_BLOCKS, max_size=2).map(tuple), st.lists(_TURNS, max_size=4).map(tuple))


@settings(max_examples=40)
@given(st.lists(_RECORDS, max_size=12))
def test_nothing_makes_it_raise_and_a_copy_of_a_split_leaks_as_a_whole(records):
    repetitions = Repetitions()
    look_at(repetitions, "train", records)
    found = look_at(repetitions, "test", records)
    assert sum(count for (code, _), count in found.items() if code == "split_overlap") == len(records)
