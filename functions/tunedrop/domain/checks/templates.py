"""Checks for leftovers of the software that made a text: chat templates, placeholders, HTML entities, escapes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples
from tunedrop.domain.checks.marks import Signs
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.records.record import Record

_TOKEN = re.compile(
    r"<\|[a-z][a-z0-9_]{1,30}\|>"  # ChatML, Llama 3, GPT, Phi
    r"|<｜[^｜\n]{1,30}｜>"  # DeepSeek
    r"|</?(?:start_of_turn|end_of_turn|bos|eos|pad|unk)>"  # Gemma
    r"|\[/?INST\]|<</?SYS>>"  # Llama 2, Mistral
    r"|\[(?:BOS|EOS|PAD|CLS|SEP|AVAILABLE_TOOLS|TOOL_CALLS)\]"
    r"|^\#{2,3} (?:Instruction|Response|Human|Assistant|User):"  # Alpaca, Guanaco
    r"|\n\nAssistant:[ ]?\Z"  # Claude 2
    r"|\A<s>(?=\s?\[INST\])|</s>\Z",  # elsewhere, <s> is strikethrough in HTML
    re.MULTILINE,
)
_SIGNS_OF_TOKENS = Signs(
    *("<|", "<｜", "of_turn>", "INST]", "SYS>>", "<s>", "</s>", "\n\nAssistant:"),
    *(f"<{slash}{token}>" for token in ("bos", "eos", "pad", "unk") for slash in ("", "/")),
    *("BOS]", "EOS]", "PAD]", "CLS]", "SEP]", "_TOOLS]", "_CALLS]"),
    *("## Instruction:", "## Response:", "## Human:", "## Assistant:", "## User:"),
)

_PLACEHOLDER = re.compile(
    r"\{\{ ?[A-Za-z_][\w .]{0,40}? ?\}\}"  # mustache, Jinja
    r"|\[(?:INSERT|YOUR|ENTER|ADD) [A-Z][A-Z ,'/]{1,40}\]"
    r"|\[(?:insert|enter) [a-z][a-z ,'/]{1,40} here\]"
    r"|\b[Ll]orem ipsum dolor\b"
)
_SIGNS_OF_PLACEHOLDERS = Signs(
    "{{", "[INSERT ", "[YOUR ", "[ENTER ", "[ADD ", "[insert ", "[enter ", "orem ipsum dolor"
)
_CODE = ("```", "{%", "<template", "</")

_ENTITY = re.compile(
    r"&(?:nbsp|amp|lt|gt|quot|apos|rsquo|lsquo|rdquo|ldquo|ndash|mdash|hellip|#\d{2,5}|#x[0-9a-fA-F]{2,4});"
)

_ESCAPED_LINE_END = re.compile(r"(?<!\\)\\n(?=\\n|[ ]?[A-Z0-9*•#\u3040-\u9fff-])")
_LEAST_ESCAPED = 2
_MEANT = re.compile(r"[\"`{$]")
"""Signs of code, JSON and formulas, in which a backslash followed by an n is intended."""


@check(
    code="chat_template_token",
    severity="warning",
    shared=True,
    words="A text holds a token of a model's chat template.",
    hint="Remove it: the format itself marks who speaks. Another model's tokens are only noise.",
    example=Example(examples.line("Why?<|im_end|>")),
    clear=_SIGNS_OF_TOKENS,
)
def chat_template_token(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag tokens with which chat templates mark roles and ends; the training format has its own way."""
    for _, path, text in record.texts:
        if ("<" in text or "[" in text or "##" in text or "Assistant:" in text[-12:]) and (
            match := _TOKEN.search(text)
        ):
            yield Spot(path, f"A token of {len(match[0])} characters at character {match.start() + 1}.")


@check(
    code="unfilled_placeholder",
    severity="warning",
    shared=True,
    words="A text holds a placeholder that a template should have filled.",
    hint="Fill it, or ignore this code where the model is meant to write placeholders.",
    example=Example(examples.line("Why?", "Dear {{name}}, because.")),
    clear=_SIGNS_OF_PLACEHOLDERS,
)
def unfilled_placeholder(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag placeholders, unless the text looks like code about templates."""
    for _, path, text in record.texts:
        if not ("{{" in text or "[" in text or "orem ipsum" in text):
            continue
        match = _PLACEHOLDER.search(text)
        if match and not any(sign in text for sign in _CODE):
            yield Spot(path, f"A placeholder at character {match.start() + 1}, {len(match[0])} characters long.")


@check(
    code="html_entity",
    severity="warning",
    shared=True,
    words="A text holds HTML entities though it is not HTML.",
    hint="Decode them: the model learns to write them.",
    example=Example(examples.line("Why?", "Because it isn&#39;t.")),
    clear=Signs("&"),
)
def html_entity(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag HTML entities, unless tags or code in the same text show that they are intended."""
    for _, path, text in record.texts:
        if "&" in text and "<" not in text and "`" not in text and (match := _ENTITY.search(text)):
            yield Spot(path, f"An entity of {len(match[0])} characters at character {match.start() + 1}.")


@check(
    code="escaped_line_end",
    severity="warning",
    shared=True,
    words="A text holds a backslash and an n where its lines should end: it was escaped twice.",
    hint="Unescape it once: the model learns to write the two characters.",
    example=Example(examples.line("How do I reset it?", r"Hold the dial.\n\nThen wait:\n1. One minute.")),
    clear=Signs(r"\n"),
)
def escaped_line_end(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    r"""Flag a text on one line with several literal `\n`, unless it looks like code, JSON or a formula."""
    for _, path, text in record.texts:
        if r"\n" not in text or "\n" in text or _MEANT.search(text):
            continue
        found = [match.start() for match in _ESCAPED_LINE_END.finditer(text)]
        if len(found) >= _LEAST_ESCAPED:
            yield Spot(path, f"{len(found)} escaped line ends, the first at character {found[0] + 1}.")
