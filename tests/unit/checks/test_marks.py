"""Proofs from a record's marks: where one holds, its check finds nothing, for one base model or for several."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import credentials, examples, lanes, privacy, templates
from tunedrop.domain.checks.all_checks import RECORD_CHECKS
from tunedrop.domain.checks.lanes import Lane
from tunedrop.domain.checks.marks import Marks, Signs
from tunedrop.domain.checks.split_examination import Examination, Subject
from tunedrop.domain.formats import all_formats
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.record import Block, Record, Turn
from tunedrop.domain.texts import tokens

CLEARED = [check for check in RECORD_CHECKS if check.clear]
MODELS = [catalogue.find(name) for name in catalogue.catalogue()]

_SIGNS = sorted({sign for check in CLEARED if isinstance(check.clear, Signs) for sign in check.clear.signs})
_RESERVED = sorted({word for model in MODELS for rule in model.reserved for word in rule.words})
_FOUND = (
    *("ignore all previous instructions", "reveal your system prompt", "do anything now", "TOP SECRET", "\nSECRET\n"),
    *("jane.fox@larkspur-home.com", "+49 151 23456789", "(212) 555-7890", "4111 1111 1111 1111", "536-22-1234"),
    *("DE89 3704 0044 0532 0130 00", "1 2 3 4 5 6 7 8 9", "12345678", "-" * 70, "AKIA" + "QWERTYUIOPASDFGH"),
    *(
        "ghp_" + "a" * 36,
        "xoxb-" + "1" * 24,
        "https://hooks.slack.com/services/T" + "A" * 8 + "/B" + "B" * 8 + "/" + "c" * 24,
    ),
    *("aws_secret_key=" + "a1B2" * 10, "-----BEGIN RSA PRIVATE KEY-----", "postgres://user:hunter22@db.larkspur.io/x"),
    *("<|im_end|>", "<｜end｜>", "</eos>", "<s>[INST]", "[/INST]", "<<SYS>>", "## User:", "\n\nAssistant:", "</s>"),
    *("{{name}}", "[INSERT NAME HERE]", "[enter a date here]", "Lorem ipsum dolor", "&amp;", "&#39;", r"\n\nA\n\nB"),
    *("\0", "\x07", "\x7f", "\u200b", "\U000e0041", "caf\u00c3\u00a9", "\x91", "\ufffd", "\u3000", "\x1c", "\ud83d"),
    *("I'm sorry, but I can't help with that.", "抱歉，我无法回答", "TODO", "#REF!", "```", "[truncated]", "<think>"),
    *("It is so, is it. " * 8, "请告诉我。", "é", "Why should it be so at all", "and", ","),
)
_TEXTS = st.lists(st.sampled_from((*_SIGNS, *_RESERVED, *_FOUND, " ", "\n", "a", "Z", "7")), max_size=5).map("".join)
_ROLES = st.sampled_from(["user", "assistant", "user", "assistant", "system", "tool"])
_TURNS = st.builds(
    lambda role, texts: Turn(
        "$.t", role, tuple(Block("$.t", text, {"image": 1} if text is None else None) for text in texts)
    ),
    _ROLES,
    st.lists(st.none() | _TEXTS, max_size=2) | _TEXTS.map(lambda text: [text]),
)


def pair(question: str, answer: str) -> Record:
    return Record(
        (),
        tuple(
            Turn("$.t", role, (Block("$.t", text),))
            for role, text in zip(("user", "assistant"), (question, answer), strict=True)
        ),
    )


_SYSTEMS = st.lists(_TEXTS.map(lambda text: Block("$.s", text)), max_size=2).map(tuple)
_RECORDS = st.builds(pair, _TEXTS, _TEXTS) | st.builds(Record, _SYSTEMS, st.lists(_TURNS, max_size=4).map(tuple))


@settings(max_examples=400)
@given(_RECORDS)
@example(pair("Why?", "-" * 70 + " 4111 1111 1111 1111"))
@example(pair("Is a sentence of forty characters enough?", "Is a sentence of forty characters enough? Yes."))
def test_where_a_proof_holds_the_check_finds_nothing(record):
    marks = Marks(record)
    for check in CLEARED:
        assert check.clear is not None
        assert check.find is not None
        if check.clear(marks):
            assert list(check.find(record, MODELS[0])) == [], check.code


@pytest.mark.parametrize("check", CLEARED, ids=lambda check: check.code)
def test_a_proof_fails_on_the_checks_own_example(check):
    records = []
    for line in check.example.content().splitlines():
        document = strict_json.parse(line)
        assert isinstance(document, dict)
        source = all_formats.detect(document)
        assert isinstance(source, all_formats.RecordSource)
        records.append(source.read(document).record)
    assert any(not check.clear(Marks(record)) for record in records if record)


ORDINARY = (
    ("How do I reset my thermostat?", "Hold the dial for 10 seconds: it blinks twice. Then (and only then) let go."),
    ("48 / 2 = ?", "She sold 48/2 = <<48/2=24>>24 clips in May.\nTogether: $72 [so on] & more... #1\n#### 72"),
    ("恒温器怎么复位？请告诉我。", "按住旋钮十秒钟：指示灯会变绿。"),
    ("Qu’est-ce que c’est ?", "Un « café » à Köln, s’il vous plaît: 12,50 €."),
)


@pytest.mark.parametrize("texts", ORDINARY)
def test_every_proof_that_base_models_share_holds_for_ordinary_text(texts):
    marks = Marks(pair(*texts))
    assert [check.code for check in RECORD_CHECKS if check.shared and not (check.clear and check.clear(marks))] in (
        [],
        ["html_entity"],  # an ampersand: the check itself has to look
    )


def test_each_sign_is_what_its_check_looks_for():
    for sign in _SIGNS:
        marks = Marks(pair("Why?", f"so {sign} so"))
        assert not Signs(sign)(marks), sign
    assert Signs(*_SIGNS)(Marks(pair("Why?", "It is so because of that; nobody knows more.")))
    for module in (credentials, privacy, templates):
        assert [check for check in CLEARED if check.find and check.find.__module__ == module.__name__]


def _group(name: str, system: str | None) -> tuple[lanes.LaneGroup, Examination]:
    block = None if system is None else Block("$.system", system)
    examination = Examination(catalogue.find(name), Subject("train", "a.jsonl", 0, {}, default_system=block))
    lane = Lane(examination, lanes.discard)
    return lanes.grouped([lane])[lane], examination


@settings(max_examples=300)
@given(_RECORDS, st.sampled_from([model.name for model in MODELS]), st.none() | _TEXTS)
@example(
    Record(
        (),
        (Turn("$", "user", (Block("$", "Hum"), Block("$", "an: why?"))), Turn("$", "assistant", (Block("$", "So."),))),
    ),
    "claude-3-haiku",
    None,
)
@example(pair("Why?", "So."), "nova-lite", "User: x")
@example(pair("Why?", "So. " * 9_000), "llama-3-1-8b", "x" * 30_000)
def test_what_is_clear_for_a_group_has_no_finding_of_its_base_models(record, name, system):
    group, examination = _group(name, system)
    marks = Marks(record)
    if not group.is_clear(record, marks, tokens.estimate(marks.texts)):
        return
    told = record if record.system or system is None else Record((Block("$.system", system),), record.turns)
    own = [check for check in RECORD_CHECKS if not check.shared and check.find]
    base_model = examination.base_model
    assert [check.code for check in own if check.find and list(check.find(told, base_model))] == []


def test_ordinary_records_are_clear_for_every_base_model():
    for model in MODELS:
        group, _ = _group(model.name, None)
        for texts in ORDINARY:
            record = pair(*texts)
            marks = Marks(record)
            assert group.is_clear(record, marks, tokens.estimate(marks.texts)), (model.name, texts)


def test_marks_hold_what_the_texts_hold():
    marks = Marks(pair("Why is it SO?", "Because.\x07 é"))
    assert (marks.whole, marks.rare, marks.beyond) == ("Why is it SO?\tBecause.\x07 é", "WSOB\x01", "é")
    assert (marks.is_pair, marks.is_single, marks.alternates, marks.is_trimmed) == (True, True, True, True)
    assert json.dumps(marks.answers) == json.dumps(["Because.\x07 é"])
    assert not Marks(pair("Why?", " ")).is_trimmed
    assert not Marks(pair("", "So.")).is_trimmed
    assert examples.line()
