"""Findings from a split's profile: facts a careful person may want to know; none of them is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples
from tunedrop.domain.checks.answer_variety import MAX_SHARE
from tunedrop.domain.checks.profile import LEAST_SHARED, Profile, Stretch
from tunedrop.domain.checks.registry import Example, SplitFacts, split_check

LEAST_RECORDS = 50
"""With fewer records, a share means little."""
NEARLY_ALL = 0.95
LEAST_OF_ALL = 20
"""Records from which on a stretch is told that every one of them has."""
MOST_EXCEPTIONS = 0.2
"""If a larger share of records differs in having a system text, it is taken for intended."""
MOST_SHOUTED = 1 / 3
DOMINANT = 0.9
RARE_RECORDS, RARE_SHARE = 5, 0.01
RARE_AMONG_EVEN = 0.5
"""An answer is rare only below this fraction of an even share: if all are few, none of them is rare."""
_STRUCTURE = "{}[]<>`"
"""What structured texts begin and end with: that is their format, which the model must learn."""


def _profile(facts: SplitFacts) -> Profile | None:
    profile = facts.profile
    return profile if profile and profile.looked >= LEAST_RECORDS else None


def _lines(count: int, make: Callable[[int], tuple[str, str]]) -> Callable[[], bytes]:
    """Return a builder of a file of `count` (prompt, completion) records."""
    return lambda: "".join(f"{examples.line(*make(number))}\n" for number in range(count)).encode()


def _stretches(facts: SplitFacts, *, at_end: bool) -> Iterator[str]:
    profile = facts.profile
    if profile and profile.looked >= LEAST_OF_ALL:
        prompts, answers = profile.prompt_start, profile.answer_start
        if at_end:
            prompts, answers = profile.prompt_end, profile.answer_end
        yield from _edges(profile.looked, prompts, answers, at_end=at_end)


def _edges(records: int, prompts: Stretch, answers: Stretch, *, at_end: bool) -> Iterator[str]:
    verb = "end" if at_end else "begin"
    sides = [
        f"{what} of {each.hits:,} of {records:,} records {verb} with the same {len(each.shared):,} characters"
        for what, each in (("prompts", prompts), ("answers", answers))
        if _is_shared(each, records, at_end=at_end)
    ]
    if sides:
        yield f"{'; '.join(sides).capitalize()}."


def _is_shared(each: Stretch, records: int, *, at_end: bool) -> bool:
    """Whether a stretch is worth reporting. Texts that repeat each other entirely are left to other checks."""
    text = each.shared.strip()
    least = NEARLY_ALL * records if records >= LEAST_RECORDS else records
    if each.hits < least or len(text) < LEAST_SHARED or each.longest == len(each.shared):
        return False
    return text[-1 if at_end else 0] not in _STRUCTURE


@split_check(
    code="common_prefix",
    severity="info",
    words="Nearly all prompts, or nearly all answers, begin with the same long stretch.",
    hint="It is paid for in every record. A system text can say it once; keep it if your requests begin that way, too.",
    example=Example(
        "(100 prompts that begin with the same instruction)",
        build=_lines(100, lambda n: (f"Answer in a short sentence: what is {n} + 1?", f"It is {n + 1}.")),
        alone=True,
    ),
)
def common_prefix(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Report what nearly all texts begin with."""
    return _stretches(facts, at_end=False)


@split_check(
    code="common_suffix",
    severity="info",
    words="Nearly all prompts, or nearly all answers, end with the same long stretch.",
    hint="It is paid for in every record. A system text can say a prompt's once; an answer's is learned by the model.",
    example=Example(
        "(100 answers that end with the same offer)",
        build=_lines(100, lambda n: (f"What is {n} + 1?", f"It is {n + 1}. Just ask if you need more.")),
        alone=True,
    ),
)
def common_suffix(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Report what nearly all texts end with."""
    return _stretches(facts, at_end=True)


@split_check(
    code="class_imbalance",
    severity="info",
    words="The answers are a few labels, and some of them are rare, or one is nearly everywhere.",
    hint="Add records of the rare ones, or measure the model per label: overall accuracy hides the rare ones.",
    example=Example(
        "(100 records with one of two answers, 3 with the other)",
        build=_lines(103, lambda n: (f"Is {n} a small number?", "No" if n >= 3 else "Yes")),
        alone=True,
    ),
)
def class_imbalance(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Report labels that are rare or dominate. `one_answer` reports a split with a single answer."""
    profile = _profile(facts)
    labels = profile.labels if profile else None
    if not labels or len(labels) < 2:
        return
    records, most, least = labels.total(), max(labels.values()), min(labels.values())
    rare = sum(map(_is_rare, labels.values(), [records] * len(labels), [len(labels)] * len(labels)))
    if most <= MAX_SHARE * records and (rare or most > DOMINANT * records):
        yield (
            f"{len(labels)} different answers in {records:,} records: the most frequent one has {most:,}, "
            f"the rarest {least:,}."
        )


def _is_rare(count: int, records: int, labels: int) -> bool:
    return count < max(RARE_RECORDS, RARE_SHARE * records) and count < RARE_AMONG_EVEN * records / labels


@split_check(
    code="system_text_missing",
    severity="info",
    words="Most records have a system text and some have none, or the other way around.",
    hint="Give all of them the one your requests will have: `system` in dataset.toml is for records without one.",
    example=Example(
        "(100 records, 90 of them with a system text)",
        build=lambda: "".join(
            f"{examples.messages(('user', f'What is {n} + 1?'), ('assistant', f'It is {n + 1}.'), system=system)}\n"
            for n in range(100)
            for system in ["Be brief." if n % 10 else None]
        ).encode(),
        alone=True,
    ),
)
def system_text_missing(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Report a split in which a few records differ from the rest in having a system text."""
    profile = _profile(facts)
    if not profile or facts.default_system:
        return
    having, lacking = profile.systems, profile.looked - profile.systems
    if 0 < min(having, lacking) <= MOST_EXCEPTIONS * profile.looked:
        yield f"{having:,} of {profile.looked:,} records have a system text of their own, {lacking:,} have none."


@split_check(
    code="mostly_upper_case",
    severity="info",
    words="More than a third of the answers are sentences entirely in upper case.",
    hint="Write them in the case the model should use: it learns that, too.",
    example=Example(
        "(100 answers in upper case)",
        build=_lines(100, lambda n: (f"What is {n} + 1?", f"PLEASE ALWAYS TAKE {n + 1} FOR YOUR ANSWER.")),
        alone=True,
    ),
)
def mostly_upper_case(facts: SplitFacts, base_model: BaseModel) -> Iterator[str]:
    """Report answers in upper case."""
    profile = _profile(facts)
    if profile and profile.shouted > MOST_SHOUTED * profile.looked:
        yield f"{profile.shouted:,} of {profile.looked:,} answers have no letter in lower case."
