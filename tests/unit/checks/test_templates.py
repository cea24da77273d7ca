"""Remains of templates and mark-up, and texts that only talk about such things."""

from __future__ import annotations

import pytest

from tests.unit.checks.records import codes, conversation, spots


@pytest.mark.parametrize(
    "text",
    [
        "Hi.<|im_end|>",
        "<|start_header_id|>user<|end_header_id|>",
        "Bye.<|endoftext|>",
        "<s>[INST] Hi [/INST]",
        "Bye.</s>",
        "<<SYS>>be nice<</SYS>>",
        "<start_of_turn>user",
        "<｜User｜>Hi",
        "### Instruction:\nSay hi",
        "Hi\n### Response: hi",
        "Human: Why?\n\nAssistant:",
    ],
)
def test_tokens_of_chat_templates_are_found(text):
    assert "chat_template_token" in codes(conversation("Why?", text), "llama-3-1-8b")


@pytest.mark.parametrize(
    "text",
    [
        "## Instructions\nFirst, …",
        "### How to respond\nPolitely.",
        "<s>old</s> new",
        "a <| b |> c",
        "list[int], dict[str, INST]",
        "if a < b and c > d",
        "The response: yes",
        "[instructions]",
        "x |> f <| y",
        "Our assistant: a robot",
        "Name your Assistant:",
    ],
)
def test_headings_code_and_mathematics_hold_no_tokens(text):
    assert codes(conversation("Why?", text), "llama-3-1-8b") == set()


@pytest.mark.parametrize(
    "text", ["Dear {{ first_name }},", "Hi {{Order Number}}", "[INSERT NAME]", "[insert date here]"]
)
def test_unfilled_placeholders_are_found(text):
    assert codes(conversation("Why?", text)) == {"unfilled_placeholder"}


@pytest.mark.parametrize(
    "text",
    [
        "```\n{{ name }}\n```",
        "{% if a %}{{ a }}{% endif %}",
        "f(x) = {{1}}",
        "[Your Name]",
        "array[INSERT]",
        "[1] [2]",
        "{name}",
    ],
)
def test_code_footnotes_and_letters_hold_no_placeholders(text):
    assert spots("unfilled_placeholder", conversation("Why?", text)) == []


@pytest.mark.parametrize("text", ["It isn&#39;t.", "Tom &amp; Ann", "a&nbsp;b"])
def test_entities_in_plain_text_are_found(text):
    assert codes(conversation("Why?", text)) == {"html_entity"}


@pytest.mark.parametrize("text", ["<p>Tom &amp; Ann</p>", "Write `&amp;` for it.", "AT&T; R&D", "a && b;", "?a=1&lt=2"])
def test_entities_in_html_and_in_talk_about_it_are_meant(text):
    assert spots("html_entity", conversation("Why?", text)) == []


@pytest.mark.parametrize(
    "text", [r"One.\n\nTwo.", r"Steps:\n1. Open it\n2. Close it", r"- a\n- b\n- c", r"第一行\n第二行\n第三行"]
)
def test_line_ends_that_were_escaped_twice_are_found(text):
    assert codes(conversation("Why?", text)) == {"escaped_line_end"}


@pytest.mark.parametrize(
    "text",
    [
        r"Write \n for a line end, and \n\n for a blank line.",
        r'print("One\nTwo\nThree")',
        r'{"text": "One\nTwo\nThree"}',
        r"`One\nTwo\nThree`",
        r"$\nRightarrow \nLeftarrow \nVdash$",
        r"C:\new\names\notes",
        r"One\\nTwo\\nThree",
        "One\nTwo and \\nThree\\nFour",
    ],
)
def test_code_formulas_and_talk_about_line_ends_are_meant(text):
    assert spots("escaped_line_end", conversation("Why?", text)) == []
