"""Generate docs/data-format.md from the registry of checks, the formats and the catalogue.

python -m tunedrop.domain.checks.documentation > docs/data-format.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import get_args

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import SPLITS, BaseModel, Range
from tunedrop.domain.checks import format_documentation, media_documentation
from tunedrop.domain.checks.all_checks import CHECKS
from tunedrop.domain.checks.findings import MAX_PER_CODE, MOST_STORED
from tunedrop.domain.checks.registry import Check, Severity, Stage
from tunedrop.domain.records import elements
from tunedrop.domain.texts import tokens
from tunedrop.domain.versions import dataset_toml, joined_parts, object_keys

_STAGES: dict[Stage, str] = {
    "dataset": "Settings and keys",
    "file": "The file as a whole",
    "line": "Lines",
    "shape": "Fields",
    "record": "Records",
    "split": "Splits",
}


_ALL_SETTINGS = """```toml
base_models = ["claude-3-haiku", "nova-lite"]   # what to prepare for; default: the stack's base model
system = "You are the help desk of Larkspur Home."   # for records without a system text
# system = { file = "system.txt" }                   # or a file beside this one
owner = "team-support"                               # tag of jobs and of everything billed by the hour
validation_share = 0.1                               # share of train held back if there is no validation split

[mapping]                       # which keys or columns hold what; all others are left out
prompt = "question"
completion = "answer"
system = "role_text"            # optional
# messages = "dialog"           # or a conversation, instead of prompt and completion:
# role = "speaker"              # who speaks, in each of its turns; default: "role"
# content = "said"              # and what; default: "content"

[checks]                        # codes of warnings and infos below; errors are what Bedrock itself would refuse
ignore = ["exact_duplicate"]    # only counted
error = ["conflicting_answers"] # a warning that should reject

[fields]                        # fields or columns that are not trained on in any split
keep = ["references", "topic"]  # test's are stored beside its prepared data: docs/evaluation.md
ignore = ["reviewed_by"]        # left out, of records and of their messages; the report counts them

[tools]                         # definitions, calls and results of tools in records
rendering = "json-blocks-1"     # write them as text; default: such a record is not_expressible

[job]                           # a job that starts automatically
start = "on_accept"             # default: "manual"
splits = ["train", "validation"]   # start on the first accepted version with all of these; default: train
base_model = "claude-3-haiku"
hyperparameters = { epochCount = 3 }

[deployment]                    # how that job's model is deployed
name = "support-bot-prod"
serving = "provisioned_throughput"   # or "on_demand"; default: the first that the base model supports
model_units = 1
hours = 8
idle_minutes = 60               # released once nobody has called it for so long; default: only at its end

[evaluation]                    # what decides whether that deployment goes live
gate = "better"                 # or "not_worse"; default: "none", which goes live whatever is found
against = ["base"]              # deployments and base models, the first decides; default: its own base model
metric = "exact_match"          # default: what fits the right answers
margin = 0.03                   # the difference that makes no difference
on_insufficient = "hold"        # for another person's approval; or "deploy"
max_records = 1000
max_hours = 2                   # Provisioned Throughput is released after that, unless the gate has passed
```"""
_SETTINGS_PER_BASE_MODEL = """```toml
system = "You are the help desk of Larkspur Home."

[base_models.claude-3-haiku]

[base_models.nova-lite]
system = "You are the help desk."   # this base model's own

[base_models.llama-3-1-8b]
system = ""                         # none: it takes no system text
```"""

_NOT_CHECKED = """## What is not checked

No check uses a model, a dictionary or other data, so a clean report says nothing about these:

- toxic, biased or untrue content
- two records that say the same in other words: near duplicates are found by letters, not by meaning
- a wrong answer or label, unless the same question is answered differently elsewhere
- which language a text is in, and whether an answer is in its question's language
- names and postal addresses as personal data: only data with a format of its own is found, such as e-mail addresses
- records of public benchmarks; only your own splits are compared with each other
- answers of a letter or two among long ones: in mixed data those are labels

This release trains on text, and on images and documents as above. Video is `not_expressible`, and so are definitions,
calls and results of tools unless `[tools] rendering` [asks for them as text](#tools-as-text)."""


def render() -> str:
    """Return the whole page as Markdown."""
    parts = [
        _opening(),
        _settings(),
        format_documentation.render(),
        media_documentation.render(),
        _limits(),
        _tokens(),
        _normalised(),
        *_codes(),
        _NOT_CHECKED,
    ]
    return "\n\n".join(parts) + "\n"


def _opening() -> str:
    extensions = ", ".join(f"`.{extension}`" for extension in object_keys.EXTENSIONS)
    return f"""# Data: keys, formats, checks

This page is generated by `make docs`, with the codes, wording and hints of the reports.

## Where to put files

| key | meaning |
|---|---|
| `incoming/<dataset>/<split>.<ext>` | one split, {", ".join(f"`{split}`" for split in SPLITS)}; makes a new version |
| `incoming/<dataset>/<split>/<name>.<ext>` | one of several files of a split; waits to be joined |
| `incoming/<dataset>/<split>/{object_keys.COMMIT_FILE}` | joins the files beside it into that split; a new version |
| `incoming/<dataset>/{object_keys.SETTINGS_FILE}` | settings; makes a new version from the current split files |
| `incoming/<dataset>/{object_keys.SCHEMA_FILE}` | a JSON Schema of answers, for evaluations; makes a new version |
| `incoming/<dataset>/<name>.txt` or `.md` | a system text that the settings name |
| `incoming/<dataset>/{object_keys.ANSWERS}/<name>.jsonl` | answers made elsewhere, for evaluations; makes no version |
| `incoming/<dataset>/{object_keys.MEDIA}<name>` | an image or a document that records refer to; makes no version |

`<dataset>` matches `{object_keys.NAME_PATTERN}` and has at most {object_keys.MAX_NAME} characters.
`<ext>` is one of {extensions}.
Prepared data is at `prepared/<dataset>/<version>/<base_model>/<split>.jsonl`, its report at the same path under
`reports/`, ending in `.json`.
What any other key holds is not read: `reports/<dataset>/unrecognized/<rest of the key>.json` says why, or
`reports/_/unrecognized/` where the key names no dataset.
Uploading the same bytes again makes no new version, and an older upload never replaces a newer one.
Only where the newest version was rejected for {media_documentation.mended()}, they are looked at again.

A `{object_keys.COMMIT_FILE}`, which may be empty, joins, in key order, the files that were beside it when S3 stored it
(to the second).
Files deleted before that are left out; files that arrive later wait for the next one, which joins all files again.
At most {joined_parts.MAX_PARTS:,} files are joined, all of one kind (compressed and plain files may be mixed).
Their names consist of letters, digits, `.`, `_` and `-`, and begin with a letter or a digit.
Object metadata of `{object_keys.COMMIT_FILE}` applies to the whole split.
`POST /datasets/<dataset>/versions` joins the files it names, even for several splits at once, without a commit file."""


def _settings() -> str:
    return f"""## dataset.toml

UTF-8, at most {dataset_toml.MAX_BYTES // 1024} KiB. All keys are optional; an unknown key is an error.
`validation_share` is from 0 (none) to {dataset_toml.MAX_VALIDATION_SHARE}.
Its default is the stack's parameter `ValidationShare`.
Base models that take no validation split train on that share, too.

{_ALL_SETTINGS}

If base models need different system texts, write them as tables instead of a list (TOML allows only one of the two):

{_SETTINGS_PER_BASE_MODEL}

Dropping a configured system text this way is counted under `normalised`; a record's own system text is never dropped.
The object metadata `base-model` (names separated by commas) and `system` of a split file override this file, if one
line of ASCII is enough: `system` for that file, `base-model` for the version, train's before that of other splits.
A base model's empty `system` overrides metadata, too."""


def _limits() -> str:
    rows = "\n".join(_limit_row(model) for model in catalogue.catalogue().values())
    return f"""## Limits

A line, array element or row may have at most {elements.MAX_BYTES // 2**20} MiB.
Bedrock never sees the test split, so only its records are checked.
Of a conversation, {_last_only()} learns the last answer only; the others may learn all of them.

| base model | train | validation | together | tokens per record | bytes train / validation | reserved words |
|---|---|---|---|---|---|---|
{rows}"""


def _last_only() -> str:
    models = [model for model in catalogue.catalogue().values() if model.learned == "last_answer"]
    return " and ".join(f"`{model.name}`" for model in models)


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

No tokenizer of these models is published, so tokens are estimated: `{tokens.ESTIMATOR}` counts one token per three
ASCII characters, as AWS's own validator does, and for other scripts a weight per character: Cyrillic 0.75, Chinese,
Japanese, Korean, Greek, Arabic and Hebrew 1.25, punctuation 1.5, the scripts of India and Thai 2, accented Latin
letters 2.5, emoji 3.
That is above the true count for most text. Dense text may have up to {tokens.MARGIN:.0%} more tokens, the margin at
which `near_token_limit` warns. Long numbers and minified JSON may have 1.3 times as many, base64 2.2 times."""


def _normalised() -> str:
    return """## What is normalised

Counted in the report under `normalised`, never silent.

| what | meaning |
|---|---|
| `byte_order_mark` | a UTF-8 byte-order mark at the beginning was removed |
| `crlf_line_end` | a line ended in CR LF |
| `blank_line` | a blank line was left out |
| `json_array` | a `.jsonl` file held a JSON array |
| `json_lines` | a `.json` file held JSON Lines |
| `semicolon_separated`, `pipe_separated` | a CSV file had semicolons, or vertical bars, between its cells |
| `separator_line` | a spreadsheet's line that names the separator (`sep=;`) was passed over |
| `title_row` | a title above the names of a table's columns was passed over |
| `unnamed_column` | a table's column without a name, which holds nothing or the numbers of the rows, was left out |
| `column_renamed` | a table's column was known except for upper case or blanks |
| `field_left_out` | a field not trained on, such as `id`, one that `[fields]` names, or that a mapping doesn't name |
| `null_left_out` | a field that is null, of a record, a message or a block, is absent |
| `list_parsed` | a list (`messages`, `conversations`, `history`, `tools`) was written as JSON text |
| `instruction_and_input_joined` | Alpaca's instruction and input became one text |
| `default_system_added` | a record without a system text got the dataset's |
| `configured_system_dropped` | a record without a system text got none: `dataset.toml` drops it for this base model |
| `unweighted_answer_cut` | an answer of weight 0 after the last one to learn was cut off, with what led to it |
| `record_for_each_weighted_answer` | a record was added for another answer to learn beside answers of weight 0 |
| `media_as_converse` | a reference to a file, in OpenAI's or Anthropic's form, was written in Converse's |
| `text_blocks_joined` | several text blocks of one message became one string |
| `tool_block_rendered` | a definition, a call or a result of a tool was written as text |
| `tool_mark_escaped` | a line of a text that looks like such a block got a backslash |"""


def _codes() -> Iterator[str]:
    yield f"""## Codes

A split is rejected exactly when a finding is an error.
Warnings and infos can be ignored or made errors under `[checks]`; errors can't.
A report lists at most {MAX_PER_CODE} findings per code; `counts_by_code` has the true numbers.
Where there are more (`truncated_codes`), all of them lie beside the report, a line for each, in
`<split>.findings.jsonl` and, for spreadsheets, in `<split>.findings.csv`: at most the first {MOST_STORED:,}.
`tunedrop check --findings OUT` writes all."""
    for stage, title in _STAGES.items():
        told = [check for check in CHECKS.values() if check.stage == stage]
        told.sort(key=lambda check: (get_args(Severity).index(check.severity), check.code))
        rows = "\n".join(map(_code_row, told))
        yield f"### {title}\n\n| code | severity | meaning | what to do | example |\n|---|---|---|---|---|\n{rows}"


def _code_row(check: Check) -> str:
    example = check.example.shown.strip() if check.example else ""
    shown = example.replace("\n", "⏎").replace("|", "\\|")
    cells = [f"`{check.code}`", check.severity, check.words, check.hint, f"`{shown}`" if shown else ""]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(render())
