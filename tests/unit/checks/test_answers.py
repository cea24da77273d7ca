"""Answers that a model should not learn, and the good ones that look alike."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from tunedrop.domain.checks.refusal_phrases import refuses

from tests.unit.checks.records import codes, conversation, spots

PARAGRAPH = (
    "Eating well is a habit. It takes some weeks to learn and many years to keep, and those who manage it say that it "
    "was worth the work. So next time you are at the store, think of the garden and of your body"
)


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I’m really sorry, but I cannot assist with this request.",
        "I cannot provide any information about that.",
        "As an AI language model, I don't have feelings.",
        "Unfortunately, I am not able to answer this question.",
        "I cannot fulfill your request. I'm just an AI.",
        "I am not able to discuss this topic.",
        "I'm sorry, but I can't respond to that request.",
        "I'm sorry, but I cannot give medical advice.",
        "I'm sorry, but I can't provide medical advice. However, you can ask your doctor.",
        "As an AI, I cannot provide that, but you can look it up.",
        "抱歉，作为一个人工智能语言模型，我无法提供此类信息。",
        "Es tut mir leid, aber dabei kann ich leider nicht helfen.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Desculpe, mas não posso ajudar com isso.",
        "Mi dispiace, ma non posso aiutarti.",
        "Извините, но я не могу помочь с этим.",
        "很抱歉，我无法提供这方面的信息。",
        "申し訳ありませんが、その質問にはお答えできません。",
        "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    ],
)
def test_short_answers_that_open_with_a_refusal_are_found(answer):
    assert codes(conversation("Please do it.", answer)) == {"refusal"}


_PHRASES = {
    "en": ("I'm sorry", "as an AI language model", "I can't help with that", "but"),
    "de": ("Es tut mir leid", "als KI", "ich kann dabei nicht helfen", "aber"),
    "fr": ("Je suis désolé", "en tant que modèle de langage", "je ne peux pas vous aider", "mais"),
    "es": ("Lo siento", "como modelo de lenguaje", "no puedo responder a esa pregunta", "pero"),
    "pt": ("Sinto muito", "como uma IA", "não posso ajudar com isso", "mas"),
    "it": ("Mi dispiace", "come IA", "non posso aiutarti", "ma"),
    "ru": ("Извините", "как языковая модель", "я не могу помочь с этим", "но"),
    "zh": ("很抱歉", "作为AI", "我无法提供此类信息", "但"),
    "ja": ("申し訳ありません", "AIとして", "その質問にはお答えできません", "が"),
    "ko": ("죄송합니다", "AI로서", "그 요청은 도와드릴 수 없습니다", ""),
}


def _orders(language: str) -> Iterator[str]:
    """Two or three phrases, one of them of being unable, in each order and with each mark between them."""
    *phrases, link = _PHRASES[language]
    blank, comma = ("", "，") if language in {"zh", "ja"} else (" ", ",")
    unable = phrases[2]
    for many in (2, 3):
        for order in itertools.permutations(phrases, many):
            for mark, word in itertools.product((comma, "", "."), (f"{link}{blank}" if link else "", "")):
                if unable in order:
                    yield f"{mark}{blank}{word}".join(order) + "."


@pytest.mark.parametrize("language", _PHRASES)
def test_the_phrases_of_a_refusal_come_in_any_order_and_no_comma_decides(language):
    assert [answer for answer in _orders(language) if not refuses(answer)] == []


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry to hear that your parcel is late. It will come tomorrow.",
        "I'm sorry, but we can't find an order with that number.",
        "I can't wait to see you!",
        "Sorry, the shop is closed.",
        'Say "I can\'t help with that" and hang up.',
        "As an airline, we carry pets.",
        "I can't discuss prices over the phone, so please write to us.",
        "抱歉，让您久等了。",
        "We can't offer refunds, sorry.",
        "I do not work as an AI engineer.",
        "I am not able to attend, sorry!",
        "Leider kann ich morgen nicht kommen.",
        "Désolé, le magasin est fermé.",
        "No puedo abrir la puerta, lo siento.",
        "К сожалению, магазин закрыт.",
        "申し訳ありません、売り切れです。",
        "I'm afraid I can't offer a refund after 30 days, but you can exchange it.",
        "I'm sorry, but I can't provide exact dates, but you can check your order page.",
        "Unfortunately, I cannot answer billing questions by chat, but you can reach the team at extension 4.",
        "I can't help with that, but you could ask my colleague in billing.",
        "Unfortunately, I cannot share screens right now; click Share in the toolbar instead.",
        "I'm sorry, but I can't give you the exact date, but the meeting was moved to Tuesday.",
        "Unfortunately, I cannot respond by e-mail today, so please call us.",
        "I'm sorry, I couldn't generate the invoice yesterday. It is attached now.",
        "I can't do this any longer.",
        "I'm sorry, but I can't help with that." + " Here is what you can do instead." * 20,
    ],
)
def test_apologies_and_long_explanations_are_no_refusals(answer):
    assert spots("refusal", conversation("Please do it.", answer)) == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("```python\nprint(1)", "block of code"),
        ("Use ```x``` here:\n```\na\n```\nand\n```js\nb", "block of code"),
        ('{"name": "Ann", "tags": ["a", "b"', "JSON"),
        ("It went on and on [truncated]", "note"),
        ("The bird is gone, and its memory reminds all of us of the importance of", "ends no sentence"),
        ("When you get there, please take the third door on the right,", "comma"),
        (PARAGRAPH, "paragraph"),
        ("天空看起来是蓝色的，因为空气对短波光的散射比长波光强得多，所以我们看到的，", "comma"),
        ("<think>They ask why. Let me see.", "thoughts"),
    ],
)
def test_answers_that_stop_in_the_middle_are_found(answer, reason):
    (spot,) = spots("truncated_answer", conversation("And then?", answer))
    assert reason in spot.message


@pytest.mark.parametrize(
    "answer",
    [
        "positive",
        "Billing inquiry",
        "42",
        "",
        "   ",
        "No full stop at the end of this rather short answer",
        "Dear Ann,\nall is well.\nKind regards,",
        "- one\n- two\n- three, which is the last of the three that we have in the list of all things today",
        "```\ncode\n```",
        "Write ```code``` like this",
        "{'name': terminal}",
        "{} is an empty dict, [ opens a list",
        "See https://docs.larkspur-home.com/how-to/reset",
        "What is it that you are looking for and what do you want it for?",
        PARAGRAPH + ".",
        "按住旋钮十秒钟，指示灯会变绿",
        "Roses are red,\nviolets are blue,",
        "春风拂柳绿，\n细雨润花红，",
        "<think>They ask why.</think>Because.",
        "The tag <think> opens a thought.",
    ],
)
def test_labels_lists_code_letters_and_short_answers_are_whole(answer):
    assert spots("truncated_answer", conversation("And then?", answer)) == []


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where do I find the manual?", "where do I find the manual?"),
        (
            "Where do I find the manual of my thermostat today?",
            "Where do I find the manual of my thermostat today?\nHere.",
        ),
    ],
)
def test_an_answer_that_repeats_its_question_is_found(question, answer):
    assert codes(conversation(question, answer)) == {"answer_copies_prompt"}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Hello!", "Hello!"),
        ("Why?", "Why? Because."),
        ("Translate: cat", "cat"),
        ("Where do I find it?", "Where I find it?"),
    ],
)
def test_greetings_and_short_echoes_are_no_copies(question, answer):
    assert spots("answer_copies_prompt", conversation(question, answer)) == []


@pytest.mark.parametrize(
    "answer",
    [
        "It is so " * 20,
        "The end. " + "I do not know. " * 6,
        "好的，我知道了。" * 12,
        "a\n" + "Buy now and save!\n" * 5,
        "No" + "o" * 200,
    ],
)
def test_answers_that_end_in_a_loop_are_found(answer):
    assert codes(conversation("Tell me.", answer.strip())) == {"degenerate_repetition"}


@pytest.mark.parametrize(
    "answer",
    [
        "-" * 200,
        "| a | b |\n" + "|---|---|\n" * 20,
        "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
        "la la la",
        "We will, we will rock you. We will, we will rock you.",
        "ha " * 10,
        " " * 200,
    ],
)
def test_rules_tables_numbers_and_songs_are_no_loops(answer):
    assert spots("degenerate_repetition", conversation("Tell me.", answer)) == []


@pytest.mark.parametrize(
    "answer",
    ["TODO", " ... ", "NaN", "[object Object]", "lorem ipsum", "#DIV/0!", "#NAME?", "#BEZUG!", "Err:502", "####"],
)
def test_placeholders_are_found(answer):
    assert len(spots("placeholder_answer", conversation("Why?", answer))) == 1


@pytest.mark.parametrize("answer", ["None", "null", "N/A", "-", "*", "No", "👍", "0"])
def test_what_may_be_a_label_is_no_placeholder(answer):
    assert spots("placeholder_answer", conversation("Why?", answer)) == []


def test_only_what_the_assistant_says_is_judged_as_an_answer():
    assert codes(conversation("I'm sorry, but I can't help with that.", "No problem.", "TODO", "Done.")) == set()


def test_a_turn_said_twice_by_the_same_side_is_found_and_short_ones_are_not():
    again = "Please tell me once more what I have to do."
    assert codes(conversation(again, "This.", again, "That.")) == {"repeated_turn"}
    assert codes(conversation("Go on.", "One.", "Go on.", "Two.")) == set()
