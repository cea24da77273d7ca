"""docs/data-format.md, written from the registry of checks, the formats and the catalogue.

python -m tunedrop.checks.documentation > docs/data-format.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tunedrop.base_models import catalogue
from tunedrop.base_models.catalogue import SPLITS, BaseModel, Range
from tunedrop.checks import format_documentation
from tunedrop.checks.catalogue import CHECKS
from tunedrop.checks.findings import MAX_PER_CODE
from tunedrop.checks.registry import Check, Stage
from tunedrop.data import elements, tokens
from tunedrop.versions import dataset_toml, joined, keys

_STAGES: dict[Stage, str] = {
    "dataset": "Settings and keys",
    "file": "The file as a whole",
    "line": "Lines",
    "shape": "Fields",
    "record": "Records",
    "split": "Splits",
}


_ALL_SETTINGS = """```toml
base_models = ["claude-3-haiku", "nova-lite"]   # what to prepare for; else the stack's default
system = "You are the help desk of Larkspur Home."   # for records without a system text
# system = { file = "system.txt" }                   # or a file beside this one
owner = "team-support"                               # tag of jobs and of whatever bills by the hour
validation_share = 0.1                               # of a train file alone, held back as validation

[mapping]                       # which keys or columns hold what; the others are left out
prompt = "question"
completion = "answer"
system = "role_text"            # may be left out

[checks]                        # codes from below, of warnings and infos: errors Bedrock itself would refuse
ignore = ["exact_duplicate"]    # counted, and nothing more
error = ["conflicting_answers"] # a warning that should reject

[job]                           # a job that starts by itself
start = "on_accept"             # or "manual", which is what it is without this
splits = ["train", "validation"]   # the first accepted version that holds all of these; left out: train
base_model = "claude-3-haiku"
hyperparameters = { epochCount = 3 }

[deployment]                    # what that job ends in
name = "support-bot-prod"
serving = "provisioned_throughput"   # or "on_demand"; left out: the base model's first way to be served
model_units = 1
hours = 8
```"""
_SETTINGS_PER_BASE_MODEL = """```toml
system = "You are the help desk of Larkspur Home."

[base_models.claude-3-haiku]

[base_models.nova-lite]
system = "You are the help desk."   # this base model's own

[base_models.llama-3-1-8b]
system = ""                         # none: it cannot be told one
```"""

_NOT_CHECKED = """## What is not checked

Nothing here asks a model, a dictionary or another data set, so a clean report says nothing about these:

- toxic, biased or untrue content
- two records that say the same in other words: likeness is of letters, not of meaning
- an answer or a label that is wrong, unless the same question is answered differently elsewhere
- which language a text is in, and whether an answer is in its question's language
- names and postal addresses as personal data: only what has a form of its own is found, such as e-mail addresses
- records of public benchmarks; of your own splits each is compared with the others
- answers of a letter or two among long ones: in mixed data those are labels

This release trains on text. Definitions and calls of tools, images and video are `not_expressible`."""


def render() -> str:
    """The whole page."""
    parts = [
        _opening(),
        _settings(),
        format_documentation.render(),
        _limits(),
        _tokens(),
        _normalised(),
        *_codes(),
        _NOT_CHECKED,
    ]
    return "\n\n".join(parts) + "\n"


def _opening() -> str:
    extensions = ", ".join(f"`.{extension}`" for extension in keys.EXTENSIONS)
    return f"""# Data: keys, formats, checks

This page is generated (`python -m tunedrop.checks.documentation`): codes, words and hints are those of the reports.

## Where to put files

| key | meaning |
|---|---|
| `incoming/<dataset>/<split>.<ext>` | one split, {", ".join(f"`{split}`" for split in SPLITS)}; a new version at once |
| `incoming/<dataset>/<split>/<name>.<ext>` | one of several files of a split; it waits to be joined |
| `incoming/<dataset>/<split>/{keys.COMMIT_FILE}` | joins the files beside it into that split; a new version |
| `incoming/<dataset>/{keys.SETTINGS_FILE}` | settings; a new version from the current split files |
| `incoming/<dataset>/<name>.txt` or `.md` | a system text that the settings name |

`<dataset>` matches `{keys.NAME_PATTERN}` and has at most {keys.MAX_NAME} characters.
`<ext>` is one of {extensions}.
Prepared data lies at `prepared/<dataset>/<version>/<base_model>/<split>.jsonl`, the report under the same path at
`reports/`, ending in `.json`.
The same bytes again make no new version, and an older upload never replaces a newer one.

A `{keys.COMMIT_FILE}`, which may be empty, joins what lay beside it when S3 took it, to the second, in key order.
What was deleted before is not in it, and what came later waits for the next one, which joins all that lies there then.
At most {joined.MAX_PARTS:,} files are joined, of one kind (compressed and plain may stand together).
Their names have letters, digits, `.`, `_` and `-`, and begin with a letter or a digit.
Metadata of `{keys.COMMIT_FILE}` stands for the whole split.
`POST /datasets/<dataset>/versions` joins the files that it names, also for several splits at once, without one."""


def _settings() -> str:
    return f"""## dataset.toml

UTF-8, at most {dataset_toml.MAX_BYTES // 1024} KiB. All keys are optional, and one that means nothing is an error.
`validation_share` is from 0 (none) to {dataset_toml.MAX_VALIDATION_SHARE}.
Without it the stack's parameter `ValidationShare` counts.
Base models that take no validation split train on that share, too.

{_ALL_SETTINGS}

Where base models need different system texts, they are tables instead of a list (TOML takes only one of the two):

{_SETTINGS_PER_BASE_MODEL}

A configured system text that is dropped so is counted under `normalised`; a record's own system text is never dropped.
Object metadata `base-model` (names separated by commas) and `system` on a split file win over this file, where one
line of ASCII is enough: `system` for that file, `base-model` for the version, train's before the other splits'.
An empty `system` of one base model holds against metadata too."""


def _limits() -> str:
    rows = "\n".join(_limit_row(model) for model in catalogue.catalogue().values())
    return f"""## Limits

A line, array element or row may have {elements.MAX_BYTES // 2**20} MiB.
Bedrock never sees the test split, so only its records are checked.

| base model | train | validation | together | tokens per record | bytes train / validation | reserved words |
|---|---|---|---|---|---|---|
{rows}"""


def _limit_row(model: BaseModel) -> str:
    limits = model.limits
    validation = _range(limits.validation_records) if model.validation else "never sent"
    counts = [_range(limits.train_records), validation, _range(limits.total_records)]
    sizes = f"{limits.train_bytes // 2**30} GiB / {limits.validation_bytes // 2**30} GiB"
    reserved = "; ".join(
        f"{' '.join(f'`{ascii(word)[1:-1]}`' for word in rule.words)} in {', '.join(sorted(rule.where))}"
        for rule in model.reserved
    )
    cells = [f"`{model.name}`", *counts, f"{limits.record_tokens:,}", sizes, reserved or "none"]
    return f"| {' | '.join(cells)} |"


def _range(allowed: Range) -> str:
    return f"{allowed.minimum:,} to {allowed.maximum:,}"


def _tokens() -> str:
    return f"""## Tokens

No tokenizer of these models is published, so tokens are estimated: `{tokens.ESTIMATOR}` is one token for three ASCII
characters, as AWS's own validator counts, and for other scripts a weight per character: Cyrillic 0.75, Chinese,
Japanese, Korean, Greek, Arabic and Hebrew 1.25, punctuation 1.5, the scripts of India and Thai 2, accented Latin
letters 2.5, emoji 3.
That is above the true count of most text; dense text may have up to {tokens.MARGIN:.0%} more, which is where
`near_token_limit` begins to warn. Long numbers and minified JSON may have 1.3 times as many, base64 2.2 times."""


def _normalised() -> str:
    return """## What is normalised

Counted in the report under `normalised`, never silent.

| what | meaning |
|---|---|
| `byte_order_mark` | a UTF-8 byte-order mark at the beginning was taken off |
| `crlf_line_end` | a line ended in CR LF |
| `blank_line` | a blank line was left out |
| `json_array` | a `.jsonl` file held a JSON array |
| `json_lines` | a `.json` file held JSON Lines |
| `semicolon_separated` | a CSV file had semicolons between its cells |
| `column_renamed` | a table's column was known but for upper case or blanks |
| `field_left_out` | a field or column that is no part of the training, such as `id`, or that no mapping names |
| `instruction_and_input_joined` | Alpaca's instruction and input became one text |
| `default_system_added` | a record without a system text got the dataset's |
| `configured_system_dropped` | a record without a system text got none: `dataset.toml` drops it for this base model |
| `text_blocks_joined` | several text blocks of one message became one string |"""


def _codes() -> Iterator[str]:
    yield f"""## Codes

A split is rejected exactly when a finding is an error.
Warnings and infos can be ignored or made errors under `[checks]`; errors can't.
A report lists {MAX_PER_CODE} findings of one code at most; `counts_by_code` has the true numbers."""
    for stage, title in _STAGES.items():
        rows = "\n".join(_code_row(check) for check in CHECKS.values() if check.stage == stage)
        yield f"### {title}\n\n| code | severity | meaning | what to do | example |\n|---|---|---|---|---|\n{rows}"


def _code_row(check: Check) -> str:
    example = check.example.shown.strip() if check.example else ""
    shown = example.replace("\n", "⏎").replace("|", "\\|")
    cells = [f"`{check.code}`", check.severity, check.words, check.hint, f"`{shown}`" if shown else ""]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(render())
