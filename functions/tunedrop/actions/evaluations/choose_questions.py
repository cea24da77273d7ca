"""Choose what an evaluation asks: read the test split, and leave out what the tuned model was trained on."""

from __future__ import annotations

from collections.abc import Container

from tunedrop.actions.datasets import read_datasets
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.evaluation import questions
from tunedrop.domain.evaluation.evaluation_plan import Tested
from tunedrop.domain.evaluation.questions import Selection
from tunedrop.domain.records import stored_fingerprints
from tunedrop.domain.records.stored_fingerprints import UnreadableFingerprints
from tunedrop.domain.training.job_plan import PreparedVersion
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import Output, Version
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects
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
    return Tested(dataset, found.version, base_model, outputs["train"], outputs["test"], found.owner)


def choose(asked: Tested, most: int, cloud: Cloud) -> Selection:
    """The questions, `most` at most, and what was left out. Raises objects.Unreadable and botocore's errors."""
    record_format = catalogue.find(asked.base_model).record_format
    lines = objects.whole(cloud.bucket, asked.test.key, asked.test.version_id).splitlines()
    return questions.select(questions.read(lines, record_format), _trained(asked, cloud), most)


def _trained(asked: Tested, cloud: Cloud) -> Container[int]:
    """The fingerprints of train's questions: as they are stored, or else read from train itself."""
    key = object_keys.fingerprints(asked.dataset, asked.version, "train")
    try:
        return frozenset(stored_fingerprints.load(objects.whole(cloud.bucket, key)).questions)
    except (objects.Unreadable, UnreadableFingerprints):
        lines = objects.whole(cloud.bucket, asked.train.key, asked.train.version_id).splitlines()
        read = questions.read(lines, catalogue.find(asked.base_model).record_format)
        return frozenset(question.fingerprint for question in read if question)


def _outputs(version: Version, base_model: str) -> dict[str, StoredFile]:
    return {item.split: _file(item.output) for item in version.prepared_for(base_model) if item.output}


def _file(output: Output) -> StoredFile:
    return StoredFile(output.key, output.version_id, output.bytes, output.sha256)
