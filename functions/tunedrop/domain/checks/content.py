"""Checks of texts that the base model's training format has no place for, or that would fail its job."""

from __future__ import annotations

from collections.abc import Iterator

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples, marks, proofs
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.formats import all_formats, foreign_blocks, media_blocks
from tunedrop.domain.records.record import Block, Record, joined


@check(
    code="empty_text",
    shared=True,
    words="A text is empty or blank.",
    hint="Write something, or take the record out.",
    example=Example(examples.line("Why?", "   ")),
    absent=proofs.no_blank_text,
    clear=marks.is_trimmed,
)
def empty_text(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag empty and blank texts, and turns without content."""
    for _, path, text in record.texts:
        if not text or text.isspace():
            yield Spot(path, "The text is blank." if text else "The text is empty.")
    for turn in record.turns:
        if not turn.blocks:
            yield Spot(f"{turn.path}.content", "The message has no content.")


@check(
    code="not_expressible",
    words="The base model's training format has no place for something in the record.",
    hint="Take it out, or tune a base model whose format holds it.",
    example=Example(
        '{"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}, '
        '{"role": "assistant", "content": "A cat."}]}',
        among="messages",
    ),
    absent=proofs.by_shape,
)
def not_expressible(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag blocks that are not text, and whatever else the base model's format cannot hold."""
    for block in record.tools:
        if block.text is None:
            message = "Definitions of tools have no place in the training format of any base model."
            yield Spot(block.path, message, foreign_blocks.AS_TEXT)
    for where, block in record.others:
        if not _is_carried(where, block, base_model):
            what, hint = foreign_blocks.named(block)
            takers = _takers(block)
            why = f"{base_model.name} does not train on it" if takers else "this release trains on text"
            yield Spot(block.path, f"{what} ({where}); {why}.", hint or takers)
    for defect in all_formats.FORMATS[base_model.record_format].obstacles(record):
        yield Spot(defect.path, defect.message, defect.hint)


def _takers(block: Block) -> str:
    """The base models that train on such a file; an empty string if it is none."""
    found = media_blocks.of(block)
    names = [each.name for each in catalogue.catalogue().values() if found and found.kind in each.media]
    return f"Train one of these on it: {', '.join(names)}. Or {foreign_blocks.SAY_IT}" if names else ""


def _is_carried(where: str, block: Block, base_model: BaseModel) -> bool:
    """Whether the base model trains on it, or `media_findings` says why not (docs/facts.md#media).

    Assistant turns may hold reasoning, and nothing but its text (docs/facts.md#records).
    """
    if (found := media_blocks.of(block)) and found.kind in base_model.media:
        return True
    if where != "assistant" or "reasoningContent" not in base_model.carries:
        return False
    match block.opaque:
        case {"reasoningContent": {"reasoningText": {"text": str(text), **more}, **others}, **rest}:
            return bool(text.strip()) and not (more or others or rest)
    return False


@check(
    code="reserved_word",
    words="A text holds a word that the base model reserves; the training job would fail.",
    hint="Write it differently, for instance without the colon.",
    example=Example(examples.line("Go on.\n\nHuman: Why?")),
    absent=proofs.no_reserved_word,
)
def reserved_word(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag the base model's reserved words in the roles where it refuses them (docs/facts.md#records)."""
    for path, found in _reserved(record, base_model, proven=True):
        yield Spot(path, f"Holds {found}, reserved by {base_model.name}.")


@check(
    code="doubtful_word",
    words="A text holds a word that AWS's own checker of training data refuses; the training job may fail.",
    hint="Write it differently, for instance without the colon. If you know that your job takes it, ignore this check.",
    example=Example(examples.line("Why?", "Thought: because."), base_model="nova-lite"),
    absent=proofs.no_reserved_word,
    tunable=True,
)
def doubtful_word(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag words of which only AWS's checker, and no page of Bedrock, says that they are reserved there."""
    for path, found in _reserved(record, base_model, proven=False):
        yield Spot(path, f"Holds {found}, which AWS's checker for {base_model.name} refuses.")


def _reserved(record: Record, base_model: BaseModel, *, proven: bool) -> Iterator[tuple[str, str]]:
    rules = [rule for rule in base_model.reserved if rule.proven == proven]
    for where, path, text in (*_as_trained(record, base_model), *_reasoning(record)) if rules else ():
        found = [ascii(word) for rule in rules if where in rule.where for word in rule.words if word in text]
        if found:
            yield path, ", ".join(found)


def _reasoning(record: Record) -> Iterator[tuple[str, str, str]]:
    for _, block in record.others:
        match block.opaque:
            case {"reasoningContent": {"reasoningText": {"text": str(text)}}}:
                yield "reasoning", block.path, text


def _as_trained(record: Record, base_model: BaseModel) -> Iterator[tuple[str, str, str]]:
    """Texts as Bedrock will see them, as (where, path, text): formats other than Converse join a message's blocks."""
    several = len(record.system) > 1 or any(len(turn.blocks) > 1 for turn in record.turns)
    if not several or base_model.record_format == "converse":
        yield from record.texts
        return
    if record.system:
        yield "system", "$.system", joined(record.system)
    for turn in record.turns:
        yield turn.role, turn.path, joined(turn.blocks)


@check(
    code="reserved_word_at_start",
    severity="warning",
    words="A text begins with a word that the base model reserves at the beginning of a line.",
    hint="It is left over from a transcript: remove it; the turn's role says who speaks.",
    example=Example(examples.line("Human: Why?")),
)
def reserved_word_at_start(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag a text that opens with a reserved word less its line feed: only the beginning of the text saves it."""
    for rule in base_model.reserved:
        openings = tuple(word[1:] for word in rule.words if word[0] == "\n")
        for where, path, text in record.texts if openings else ():
            if where in rule.where and text.lstrip(" \t").startswith(openings):
                found = next(opening for opening in openings if text.lstrip(" \t").startswith(opening))
                yield Spot(path, f"Begins with {found!a}.")


@check(
    code="surrounding_whitespace",
    severity="info",
    shared=True,
    words="A text begins or ends with blanks or line ends.",
    hint="They are kept as they are, and the tuned model learns them; remove them unless they are intended.",
    example=Example(examples.line("Why?", " Because.")),
    clear=marks.is_trimmed,
)
def surrounding_whitespace(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag leading and trailing white space."""
    for _, path, text in record.texts:
        if text and (text[0].isspace() or text[-1].isspace()) and not text.isspace():
            before, after = len(text) - len(text.lstrip()), len(text) - len(text.rstrip())
            yield Spot(path, f"Whitespace characters: {before} before the text, {after} after it.")
