"""Findings about `dataset.toml`, its check policy, object metadata and upload keys."""

from __future__ import annotations

from tunedrop.domain.checks.registry import Example, declare

declare(
    code="invalid_settings",
    stage="dataset",
    words="`dataset.toml` is not UTF-8, not TOML, or larger than 64 KiB.",
    hint="Correct it and upload it again: it makes a new version from the current split files.",
    example=Example('system = "unfinished'),
)
declare(
    code="unknown_setting",
    stage="dataset",
    words="`dataset.toml` has an unknown key.",
    hint="Correct its spelling or remove it.",
    example=Example('base_model = "claude-3-haiku"'),
)
declare(
    code="wrong_setting",
    stage="dataset",
    words="A setting has an invalid value.",
    hint="Give it a value that the message allows.",
    example=Example('base_models = "claude-3-haiku"'),
)
declare(
    code="base_not_callable",
    stage="dataset",
    words="`[evaluation]` asks a base model that no evaluation can call.",
    hint="Name another model in `against`, or leave `[evaluation]` out.",
    example=Example(
        'base_models = ["nova-2-lite"]\n[deployment]\nname = "bot"\n[evaluation]\ngate = "better"\nagainst = ["base"]'
    ),
)
declare(
    code="unknown_base_model",
    stage="dataset",
    words="No base model has this name.",
    hint="`tunedrop base-models` and `GET /base-models` list them.",
    example=Example('base_models = ["claude-9"]'),
)
declare(
    code="system_file_missing",
    stage="dataset",
    words="`dataset.toml` names a system text file that is not there.",
    hint="Upload it beside dataset.toml; that makes a new version.",
    example=None,
)
declare(
    code="invalid_system_file",
    stage="dataset",
    words="The system text file is blank, not UTF-8, or larger than 256 KiB.",
    hint="Upload plain UTF-8 text.",
    example=None,
)
declare(
    code="invalid_schema",
    stage="dataset",
    words="`schema.json` is no JSON Schema, leads to another document, or has more than 256 KiB.",
    hint="Correct it, or delete it and upload dataset.toml or a split again.",
    example=None,
)
declare(
    code="invalid_metadata",
    stage="dataset",
    words="Object metadata holds characters that are not plain ASCII.",
    hint="Put the text into dataset.toml, which takes any characters.",
    example=None,
)
declare(
    code="unrecognized_key",
    stage="dataset",
    words="An object under `incoming/` whose key fits no pattern. A report of its own tells of it.",
    hint="Upload it under one of the keys in docs/data-format.md.",
    example=None,
)
declare(
    code="nothing_to_join",
    stage="dataset",
    words="A `_commit` arrived, but there is no file to join. Only an event reports it.",
    hint="Upload the files first, and `_commit` once all of them are there.",
    example=None,
)
declare(
    code="too_many_parts",
    stage="dataset",
    words="There are more files to join than one split may have. Only an event reports it.",
    hint="Write fewer and larger files, and delete those that should not be joined.",
    example=None,
)
declare(
    code="mixed_parts",
    stage="dataset",
    words="The files to join are of several kinds, such as CSV and JSON Lines. Only an event reports it.",
    hint="Write all files of a split in one format; compressed and plain files may be mixed.",
    example=None,
)
declare(
    code="unknown_check",
    stage="dataset",
    words="The check policy names an unknown code.",
    hint="Correct its spelling; docs/data-format.md lists the codes.",
    example=None,
)
declare(
    code="check_not_tunable",
    stage="dataset",
    words="The check policy asks to ignore what Bedrock itself would refuse.",
    hint="Remove the code from the policy and fix the data: the job would fail.",
    example=None,
)
declare(
    code="contradictory_policy",
    stage="dataset",
    words="The check policy both ignores a code and makes it an error.",
    hint="Name it in one of the two lists.",
    example=None,
)
