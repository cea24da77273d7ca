"""Facts about a whole split: each found where it was planted, none in clean data of several kinds, none at a loss."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import examples, profile_findings
from tunedrop.domain.checks.all_checks import SPLIT_CHECKS
from tunedrop.domain.checks.profile import MAX_LABELS, Profile, Stretch
from tunedrop.domain.checks.registry import SplitFacts
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.record import Block, Record, Turn

from tests.unit.checks.records import conversation
from tests.unit.checks.splits import run

MINE = {
    check.code: check.find_in_split
    for check in SPLIT_CHECKS
    if check.find_in_split and check.find_in_split.__module__ == profile_findings.__name__
}
NAMES = "amber, birch, cedar, delta, ember, fjord, grove, heath, inlet, jetty, kelp, lagoon, marsh, north, ocean, plain"
WORDS = NAMES.split(", ")


def strange(number: int, words: int = 12) -> str:
    """A sentence that begins and ends like few others."""
    chosen = (WORDS[(number * 7 + place * place + number // 16 * place) % 16] for place in range(words))
    return f"{WORDS[number % 16].title()} {number} {' '.join(chosen)} {number * 31 % 101}."


def found(records: Iterable[Record], *, default_system: bool = False) -> dict[str, str]:
    """Messages by code."""
    profile = Profile()
    for record in records:
        profile.look(record)
    facts = SplitFacts("train", profile.looked, {}, frozenset(), profile, default_system)
    model = catalogue.find("nova-lite")
    messages = [(code, message) for code, find in MINE.items() for message in find(facts, model)]
    assert len(messages) == len(dict(messages))
    return dict(messages)


def pairs(count: int, prompt: Callable[[int], str], answer: Callable[[int], str]) -> list[Record]:
    return [conversation(prompt(number), answer(number)) for number in range(count)]


def labelled(*counts: int) -> list[Record]:
    """As many records with each label."""
    labels = [f"label {index}" for index, count in enumerate(counts) for _ in range(count)]
    return pairs(len(labels), strange, labels.__getitem__)


ASK = "Tell me what this customer wants:\n\n"
OFFER = "\nIs there anything else I can do?"
JSON = '{"product": {"name": "'

CLEAN = {
    "talks": pairs(200, strange, lambda n: strange(n + 1_000)),
    "long talks": [
        conversation(*(strange(n * 4 + turn) for turn in range(4)), system="You are the help desk.") for n in range(100)
    ],
    "balanced labels": labelled(30, 25, 40),
    "twenty labels of few records": labelled(*[3] * 20),
    "labels after a talk": [conversation(strange(n), "Hello.", strange(n + 1), "ab"[n < 3]) for n in range(99)],
    "one answer, which `one_answer` tells": labelled(99, 1),
    "numbers": pairs(100, strange, lambda n: str(n * 17)),
    "short instructions": pairs(100, lambda n: f"Translate: {strange(n)}", lambda n: strange(n + 500)),
    "the same prompt": pairs(100, lambda _: "Invent a name for a small café.", strange),
    "JSON": pairs(
        100, strange, lambda n: f'{JSON}{WORDS[n % 16]}{n}", "amount": {n}}}, "currency": "EUR", "ok": true}}'
    ),
    "blocks of code": pairs(100, strange, lambda n: f"```python\nimport numpy as np\nx = {n}\nprint(np.sqrt(x))\n```"),
    "SQL": pairs(100, strange, lambda n: f"SELECT {WORDS[n % 16].upper()} AND TAX PER DAY LIMIT {n}"),
    "identifiers": pairs(100, strange, lambda n: f"ORDER-{n}-{WORDS[n % 16].upper()}"),
    "Chinese": pairs(
        100, lambda n: f"第{n}号设备的保修期是多久？", lambda n: f"{n}号设备的保修期为两年，从购买之日算起。"
    ),
    "Georgian": pairs(100, lambda n: f"{n} რა არის ეს?", lambda n: f"{n} ეს არის ძალიან კარგი კითხვა და პასუხი {n}"),
    "acronyms": pairs(100, strange, lambda n: f"{n} NASA, ESA and JAXA men; UN and EU paid {n}."),
    "as many told as not": [
        conversation(strange(n), strange(n + 9), system="Be kind." if n % 2 else None) for n in range(99)
    ],
    "few records": pairs(19, lambda n: f"{ASK}{n}", lambda n: f"OH PLEASE DO WHAT I SAID {n}{OFFER}"),
    "some records with exceptions": [
        *pairs(39, lambda n: f"{ASK}{strange(n)}", lambda n: strange(n + 500) + OFFER),
        conversation("Why?", "So."),
    ],
    "what is no conversation": [conversation(f"{ASK}{n}") for n in range(99)],
}


@pytest.mark.parametrize("records", CLEAN.values(), ids=CLEAN)
def test_clean_data_has_none(records):
    assert found(records) == {}


@pytest.mark.parametrize("count", [20, 40, 49])
def test_what_every_one_of_some_records_has_is_told(count):
    records = pairs(count, lambda n: f"{ASK}{strange(n)}", lambda n: strange(n + 500) + OFFER)
    assert set(found(records)) == {"common_prefix", "common_suffix"}


PLANTED = {
    "an instruction": (
        pairs(100, lambda n: f"{ASK}{strange(n)}", lambda n: strange(n + 500)),
        {"common_prefix": f"Prompts of 100 of 100 records begin with the same {len(ASK)} characters."},
    ),
    "an instruction in 96 of 100": (
        pairs(100, lambda n: f"{ASK if n % 25 != 4 else ''}{strange(n)}", lambda n: strange(n + 500)),
        {"common_prefix": f"Prompts of 96 of 100 records begin with the same {len(ASK)} characters."},
    ),
    "an instruction in 94 of 100": (
        pairs(100, lambda n: f"{ASK if n % 16 != 4 else ''}{strange(n)}", lambda n: strange(n + 500)),
        {},
    ),
    "an instruction at the end, and an offer": (
        pairs(100, lambda n: f"{strange(n)}\n{ASK}", lambda n: f"{strange(n + 500)}{OFFER}"),
        {
            "common_suffix": f"Prompts of 100 of 100 records end with the same {len(ASK) + 2} characters; "
            f"answers of 100 of 100 records end with the same {len(OFFER) + 1} characters."
        },
    ),
    "a rare label": (
        labelled(50, 45, 2),
        {"class_imbalance": "3 different answers in 97 records: the most frequent one has 50, the rarest 2."},
    ),
    "a label in less than one of a hundred": (
        labelled(1_000, 1_000, 19),
        {"class_imbalance": "3 different answers in 2,019 records: the most frequent one has 1,000, the rarest 19."},
    ),
    "a label in more than nine of ten": (
        labelled(920, 80),
        {"class_imbalance": "2 different answers in 1,000 records: the most frequent one has 920, the rarest 80."},
    ),
    "few without a system text": (
        [conversation(strange(n), strange(n + 500), system="Be kind." if n % 50 else None) for n in range(100)],
        {"system_text_missing": "98 of 100 records have a system text of their own, 2 have none."},
    ),
    "few with a system text": (
        [conversation(strange(n), strange(n + 500), system=None if n % 5 else "Be kind.") for n in range(100)],
        {"system_text_missing": "20 of 100 records have a system text of their own, 80 have none."},
    ),
    "four of ten answers shouted": (
        pairs(100, strange, lambda n: strange(n).upper() if n % 5 < 2 else strange(n)),
        {"mostly_upper_case": "40 of 100 answers have no letter in lower case."},
    ),
    "three of ten answers shouted": (
        pairs(100, strange, lambda n: strange(n).upper() if n % 10 < 3 else strange(n)),
        {},
    ),
    "shouted in Cyrillic": (
        pairs(100, strange, lambda n: f"{n} ПОЖАЛУЙСТА ПРОВЕРЬТЕ СНАЧАЛА ПРЕДОХРАНИТЕЛЬ И ВИЛКУ {n}"),
        {"mostly_upper_case": "100 of 100 answers have no letter in lower case."},
    ),
}


@pytest.mark.parametrize(("records", "messages"), PLANTED.values(), ids=PLANTED)
def test_what_was_planted_is_found_and_nothing_else(records, messages):
    assert found(records) == messages


def test_a_configured_system_text_counts_as_one():
    records, messages = PLANTED["few without a system text"]
    assert set(found(records)) == set(messages)
    assert found(records, default_system=True) == {}


def lines(records: Iterable[Record]) -> bytes:
    texts = ([block.text for turn in record.turns for block in turn.blocks] for record in records)
    return "".join(f"{json.dumps({'prompt': ask, 'completion': say})}\n" for ask, say in texts).encode()


def test_a_report_says_it_once_of_the_whole_file_as_an_info():
    result, _ = run(lines(PLANTED["an instruction"][0]))
    (finding,) = result.findings
    assert (finding.code, finding.severity, finding.source) == ("common_prefix", "info", "incoming/x/train.jsonl")
    assert (finding.line, finding.record, finding.path) == (None, None, "$")
    assert result.accepted
    assert not any(word in finding.message for word in ("Tell", "customer", "wants"))


def test_each_split_is_judged_by_itself():
    planted, clean = lines(PLANTED["a rare label"][0]), examples.good(60, 9_000)()
    assert set(run(clean, train=planted)[0].counts) == set()
    assert set(run(planted, train=clean)[0].counts) == {"class_imbalance"}


@pytest.mark.parametrize("level", ["all", "errors"])
def test_a_policy_can_reject_by_it(level):
    policy = Policy(error=frozenset({"class_imbalance"}))
    result, _ = run(lines(PLANTED["a rare label"][0]), policy=policy, level=level)
    assert (result.accepted, result.errors) == (False, 1)


def test_the_level_of_errors_looks_for_none():
    assert not run(lines(PLANTED["a rare label"][0]), level="errors")[0].counts


def test_a_system_text_of_the_settings_is_none_missing():
    told = [
        examples.messages(("user", strange(n)), ("assistant", strange(n + 500)), system="Be kind.") for n in range(90)
    ]
    untold = [examples.messages(("user", strange(n)), ("assistant", strange(n + 500))) for n in range(90, 100)]
    content = "\n".join([*told, *untold]).encode()
    assert set(run(content)[0].counts) == {"system_text_missing"}
    assert not run(content, system="Be brief.")[0].counts


@given(
    st.lists(st.text("abc", min_size=25, max_size=60), min_size=1, max_size=40),
    st.text("abc", min_size=20),
    st.booleans(),
)
def test_a_stretch_is_one_that_as_many_texts_have_and_the_longest_of_those(texts, shared, at_end):
    made = [text + shared if at_end else shared + text for text in texts]
    stretch = Stretch(at_end=at_end)
    for text in made:
        stretch.look(text)
    has = str.endswith if at_end else str.startswith
    assert stretch.hits == len(made)
    assert all(has(text, stretch.shared) for text in made)
    longer = [made[0][-len(stretch.shared) - 1 :] if at_end else made[0][: len(stretch.shared) + 1]]
    assert stretch.shared == made[0] or not all(has(text, longer[0]) for text in made)


@given(st.lists(st.text("ab", min_size=18, max_size=24), max_size=60), st.booleans())
def test_a_stretch_never_says_too_much(texts, at_end):
    stretch = Stretch(at_end=at_end)
    for text in texts:
        stretch.look(text)
    assert stretch.hits <= sum((str.endswith if at_end else str.startswith)(text, stretch.shared) for text in texts)


def test_memory_is_flat():
    profile = Profile()
    for number in range(2_000):
        profile.look(conversation(strange(number, 60), f"{number}"))
    assert profile.labels is None
    held = [profile.prompt_start, profile.prompt_end, profile.answer_start, profile.answer_end]
    assert all(len(each.shared) <= 500 for each in held)
    for number in range(MAX_LABELS):
        profile.look(conversation(strange(number), f"{number}"))
    assert profile.labels is None


_TEXTS = st.none() | st.text(max_size=50) | st.builds(lambda text, n: text * n, st.text(max_size=3), st.integers(1, 90))
_BLOCKS = st.lists(st.builds(Block, st.just("$"), _TEXTS), max_size=2).map(tuple)
_ROLES = st.sampled_from(["user", "assistant", "system", ""])
_RECORDS = st.builds(
    Record, _BLOCKS, st.lists(st.builds(Turn, st.just("$"), _ROLES, _BLOCKS), max_size=4).map(tuple)
) | st.builds(conversation, st.text(max_size=50), st.text(max_size=50))


@given(st.lists(_RECORDS, max_size=6), st.integers(1, 30))
def test_no_records_make_it_raise(records, times):
    assert set(found(records * times)) <= set(MINE)
