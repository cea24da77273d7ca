"""Choose what an evaluation asks: read the test split, and leave out what the tuned model was trained on."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.datasets import read_datasets
from tunedrop.actions.evaluations import find_leaks
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.evaluation import answer_schema, few_shot, questions
from tunedrop.domain.evaluation.answer_schema import AnswerSchema
from tunedrop.domain.evaluation.evaluation_plan import Tested
from tunedrop.domain.evaluation.questions import Question, Selection
from tunedrop.domain.reading import kept_fields
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.training.job_plan import PreparedVersion
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import Output, Version
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects, version_listing
from tunedrop.errors import Conflict


def tested(dataset: str, number: int | None, base_model: str, cloud: Cloud) -> Tested:
    """The version whose test split is asked: the newest accepted one if `number` is None.

    Raises NotFound, and Conflict for a version without a verdict for the base model or without a test split.
    """
    found = read_datasets.accepted(dataset, number, base_model, cloud)
    version = read_datasets.get_version(dataset, found.version, cloud)
    if not isinstance(found, PreparedVersion):
        raise Conflict(
            "not_prepared",
            f"{dataset}@{found.version} was not prepared for {base_model}, whose prepared test split would be asked.",
            base_model=base_model,
        )
    outputs = _outputs(version, base_model)
    if "test" not in outputs:
        raise Conflict(
            "no_test_split",
            f"{dataset}@{found.version} has no test split. Upload one: records that the model is not trained on, with "
            "the right answer of each.",
            version=found.version,
        )
    beside = version_listing.standing(cloud.bucket, f"{object_keys.PREPARED}{dataset}/{found.version}/")
    return Tested(
        dataset,
        found.version,
        base_model,
        outputs["train"],
        outputs["test"],
        found.owner,
        kept=beside.get(object_keys.kept_fields(dataset, found.version)),
        answer_schema=beside.get(object_keys.prepared_schema(dataset, found.version)),
    )


def choose(asked: Tested, most: int, cloud: Cloud) -> Selection:
    """The questions, `most` at most, and what was left out. Raises objects.Unreadable and botocore's errors."""
    record_format = catalogue.find(asked.base_model).record_format
    lines = _lines(asked.test, cloud)
    kept = kept_fields.load(_lines(asked.kept, cloud)) if asked.kept else {}
    tested = list(questions.read(lines, record_format, kept))
    leaks, learned = find_leaks.find(asked, [question for question in tested if question], cloud)
    return replace(questions.select(tested, leaks, most), learned=learned)


def schema(file: StoredFile | None, cloud: Cloud) -> AnswerSchema | None:
    """The version's schema of answers. Raises objects.Unreadable and botocore's errors."""
    parsed = answer_schema.parse(objects.whole(cloud.bucket, file.key, file.version_id)) if file else None
    return None if isinstance(parsed, Defect) else parsed


def examples(asked: Tested, chosen: Selection, count: int, cloud: Cloud) -> tuple[Question, ...]:
    """So many records of train to show before each question; none for 0.

    Raises Conflict `too_few_examples`, objects.Unreadable and botocore's errors.
    """
    if not count:
        return ()
    raw = objects.read(cloud.bucket, asked.train, few_shot.READ_BYTES)
    lines = raw.splitlines()[: -1 if len(raw) > few_shot.READ_BYTES else None]
    read = questions.read(lines, catalogue.find(asked.base_model).record_format)
    found = few_shot.choose(read, chosen.questions, count)
    if len(found) < count:
        raise Conflict(
            "too_few_examples",
            f"few_shot asks for {count} examples; train has {len(found)} of at most {few_shot.LONGEST:,} characters "
            "that test does not ask.",
            examples=len(found),
        )
    return found


def _lines(file: StoredFile, cloud: Cloud) -> list[bytes]:
    return objects.whole(cloud.bucket, file.key, file.version_id).splitlines()


def _outputs(version: Version, base_model: str) -> dict[str, StoredFile]:
    return {item.split: _file(item.output) for item in version.prepared_for(base_model) if item.output}


def _file(output: Output) -> StoredFile:
    return StoredFile(output.key, output.version_id, output.bytes, output.sha256)
