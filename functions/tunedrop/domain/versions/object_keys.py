"""Keys in the data bucket: what an upload is, by its key, and where prepared data and reports go."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.records import media_names
from tunedrop.domain.records.defects import shown

INCOMING = "incoming/"
PREPARED = "prepared/"
REPORTS = "reports/"
EVALUATIONS = "evaluations/"
SETTINGS_FILE = "dataset.toml"
SCHEMA_FILE = "schema.json"
COMMIT_FILE = "_commit"
ANSWERS = "answers"
"""The folder, under a dataset's, of answers that were made elsewhere."""
MEDIA = "media/"
"""The folder, under a dataset's, of files that records refer to."""
EXTENSIONS = (
    *("jsonl", "ndjson", "json", "csv", "tsv", "jsonl.gz", "ndjson.gz", "json.gz", "csv.gz", "tsv.gz"),
    "parquet",
)

_LONGEST_KEY = 1024  # S3's limit, in bytes
MAX_NAME = 32
NAME_PATTERN = "[a-z0-9](-?[a-z0-9])*"
"""For names of datasets and deployments. Matching takes linear time with fullmatch."""

NAMES_ALLOWED = f"Allowed: {NAME_PATTERN}, at most {MAX_NAME} characters."

_NAME = re.compile(NAME_PATTERN)
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_ANSWERS_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.jsonl")
_COMPANION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(txt|md)")


@dataclass(frozen=True, slots=True)
class SplitUpload:
    """A whole split in one file."""

    dataset: str
    split: Split
    extension: str


@dataclass(frozen=True, slots=True)
class PartUpload:
    """One of several files of a split; nothing happens until they are joined."""

    dataset: str
    split: Split
    extension: str


@dataclass(frozen=True, slots=True)
class CommitUpload:
    """The signal to join all parts in its folder."""

    dataset: str
    split: Split


@dataclass(frozen=True, slots=True)
class SettingsUpload:
    """`dataset.toml`."""

    dataset: str


@dataclass(frozen=True, slots=True)
class SchemaUpload:
    """`schema.json`, which says what an answer in JSON has to look like."""

    dataset: str


@dataclass(frozen=True, slots=True)
class CompanionUpload:
    """A text file beside `dataset.toml`, which may name it as its system text."""

    dataset: str
    file: str


@dataclass(frozen=True, slots=True)
class AnswersUpload:
    """A file of answers that were made elsewhere, for evaluations; it belongs to no version."""

    dataset: str
    file: str


@dataclass(frozen=True, slots=True)
class MediaUpload:
    """A file that records refer to; it belongs to the versions that are prepared while it lies there."""

    dataset: str


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A key that fits no pattern, and why."""

    message: str
    hint: str


_OfSplits = SplitUpload | PartUpload | CommitUpload
RecognisedKey = _OfSplits | SettingsUpload | SchemaUpload | CompanionUpload | AnswersUpload | MediaUpload


def is_name(text: str) -> bool:
    """Whether the text is a valid name for a dataset or deployment."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def parse(key: str) -> RecognisedKey | Unrecognised:
    """What an object under `incoming/` is. The key must be plain text, as in EventBridge's S3 events."""
    parts = key.split("/")
    if len(parts) < 3 or parts[0] != INCOMING.rstrip("/"):
        return Unrecognised(f"{shown(key)} is not in a dataset's folder.", _USAGE)
    dataset, file = parts[1], parts[2]
    if not is_name(dataset):
        return Unrecognised(
            f"{shown(dataset)} cannot be a dataset's name.",
            f"Use lower-case letters and digits with single hyphens between them, at most {MAX_NAME} characters.",
        )
    if len(parts) > 3:
        return _in_folder(dataset, file, parts[3:]) or Unrecognised(f"{shown(key)} is nested too deeply.", _USAGE)
    return _file(dataset, file)


_USAGE = (
    f"Upload to incoming/<dataset>/<split>.<ext>, <split> one of {', '.join(SPLITS)}, <ext> one of "
    f"{', '.join(EXTENSIONS)}; settings to incoming/<dataset>/{SETTINGS_FILE}, a schema of answers in JSON to "
    f"incoming/<dataset>/{SCHEMA_FILE}. A split in several files: "
    f"incoming/<dataset>/<split>/<name>.<ext>, and when all are there incoming/<dataset>/<split>/{COMMIT_FILE}. "
    f"Answers made elsewhere, for evaluations: incoming/<dataset>/{ANSWERS}/<name>.jsonl. "
    f"Images and documents that records refer to: incoming/<dataset>/{MEDIA}<name>."
)
_PART_NAMES = (
    f"Files to be joined end in one of {', '.join(f'.{extension}' for extension in EXTENSIONS)}; their names have "
    f"letters, digits, '.', '_' and '-', begin with a letter or a digit, and have at most 200 characters. "
    f"An empty object {COMMIT_FILE} beside them joins them."
)


def _in_folder(dataset: str, folder: str, rest: list[str]) -> RecognisedKey | Unrecognised | None:
    if f"{folder}/" == MEDIA:
        return _media_file(dataset, "/".join(rest))
    if len(rest) > 1:
        return None
    if folder in SPLITS:
        return _in_split_folder(dataset, folder, rest[0])
    return _answers_file(dataset, rest[0]) if folder == ANSWERS else None


def _media_file(dataset: str, path: str) -> RecognisedKey | Unrecognised:
    if media_names.is_path(path):
        return MediaUpload(dataset)
    return Unrecognised(f"{shown(path)} is not a file that records can refer to.", media_names.RULE)


def _in_split_folder(dataset: str, split: Split, file: str) -> RecognisedKey | Unrecognised:
    if file == COMMIT_FILE:
        return CommitUpload(dataset, split)
    found = extension(file)
    if found is None or _PART.fullmatch(file) is None:
        return Unrecognised(f"{shown(file)} is not a file that can be joined.", _PART_NAMES)
    return PartUpload(dataset, split, found)


def _answers_file(dataset: str, file: str) -> RecognisedKey | Unrecognised:
    if _ANSWERS_FILE.fullmatch(file):
        return AnswersUpload(dataset, file)
    return Unrecognised(
        f"{shown(file)} can't be a file of answers.",
        "Its name ends in .jsonl, begins with a letter or a digit, and has letters, digits, '.', '_' and '-', at most "
        "100 of them before the ending.",
    )


def extension(key: str) -> str | None:
    """The extension of a split file or part, such as `csv.gz`; None if it is not one of `EXTENSIONS`."""
    file = key.rsplit("/", 1)[-1]
    endings = [ending for ending in EXTENSIONS if file.endswith(f".{ending}") and len(file) > len(ending) + 1]
    return max(endings, key=len, default=None)


def _file(dataset: str, file: str) -> RecognisedKey | Unrecognised:
    if file == SETTINGS_FILE:
        return SettingsUpload(dataset)
    if file == SCHEMA_FILE:
        return SchemaUpload(dataset)
    stem, _, extension = file.partition(".")
    if stem in SPLITS and extension in EXTENSIONS:
        return SplitUpload(dataset, stem, extension)
    if is_companion(file):
        return CompanionUpload(dataset, file)
    return Unrecognised(f"{shown(file)} is neither a split file nor settings.", _USAGE)


def is_companion(file: str) -> bool:
    """Whether `dataset.toml` may name this file as its system text."""
    return _COMPANION.fullmatch(file) is not None


def incoming(dataset: str, file: str) -> str:
    """The key under which people upload a dataset's file."""
    return f"{INCOMING}{dataset}/{file}"


def split_folder(dataset: str, split: Split) -> str:
    """The prefix under which people upload the parts of a split."""
    return f"{INCOMING}{dataset}/{split}/"


def prepared(dataset: str, version: int, base_model: str, split: Split) -> str:
    """The key of a split's prepared data: only characters that Bedrock's `s3Uri` allows (docs/facts.md#names)."""
    return f"{PREPARED}{dataset}/{version}/{base_model}/{split}.jsonl"


def prepared_media(dataset: str, version: int) -> str:
    """The prefix of the copies of those files, which the version's prepared data refers to."""
    return f"{PREPARED}{dataset}/{version}/{MEDIA}"


def prepared_schema(dataset: str, version: int) -> str:
    """The key of the version's `schema.json` beside its prepared data."""
    return f"{PREPARED}{dataset}/{version}/{SCHEMA_FILE}"


def kept_fields(dataset: str, version: int) -> str:
    """The key of the fields that are kept of test's records, beside its prepared data."""
    return f"{PREPARED}{dataset}/{version}/test.fields.jsonl"


def report(dataset: str, version: int, base_model: str, split: Split) -> str:
    """The key of a split's JSON report for one base model."""
    return f"{REPORTS}{dataset}/{version}/{base_model}/{split}.json"


def page(report_key: str) -> str:
    """The key of the same report as an HTML page."""
    return f"{report_key.removesuffix('.json')}.html"


def findings(report_key: str) -> tuple[str, str]:
    """The keys of all findings of a report that lists only some: as JSON Lines, and as CSV."""
    stem = report_key.removesuffix(".json")
    return f"{stem}.findings.jsonl", f"{stem}.findings.csv"


def job_report(dataset: str, version: int, job_id: str) -> str:
    """The key of a job's JSON report, beside those on its data, with which it is deleted."""
    return f"{REPORTS}{dataset}/{version}/jobs/{job_id}.json"


def unrecognized_report(key: str) -> str:
    """The key of the report on an object under `incoming/` whose key fits no pattern.

    It is under its dataset's reports, with which it is deleted, or else where no dataset can be.
    """
    rest = key.removeprefix(INCOMING)
    dataset, _, file = rest.partition("/")
    folder, name = (dataset, file) if file and is_name(dataset) else ("_", rest)
    whole = f"{REPORTS}{folder}/unrecognized/{name}.json"
    if len(whole.encode()) <= _LONGEST_KEY:
        return whole
    return f"{REPORTS}{folder}/unrecognized/{hashlib.sha256(name.encode()).hexdigest()}.json"


def evaluation_report(dataset: str, version: int, evaluation_id: str) -> str:
    """The key of an evaluation's JSON report, beside those on its data, with which it is deleted."""
    return f"{REPORTS}{dataset}/{version}/evaluations/{evaluation_id}.json"


def evaluation_examples(report_key: str) -> str:
    """The key of every record of the same evaluation, as JSON Lines."""
    return f"{report_key.removesuffix('.json')}.jsonl"


def evaluation_folder(dataset: str, version: int, evaluation_id: str) -> str:
    """The prefix of what was asked and answered; under the version's, so that it is deleted with the data."""
    return f"{EVALUATIONS}{dataset}/{version}/{evaluation_id}/"


def picture(report_key: str) -> str:
    """The key of the curves of the same job's report, an SVG file."""
    return f"{report_key.removesuffix('.json')}.svg"


def fingerprints(dataset: str, version: int, split: Split) -> str:
    """The key of a split's fingerprints, which later versions compare with instead of reading the split again."""
    return f"{REPORTS}{dataset}/{version}/{split}.fingerprints"
