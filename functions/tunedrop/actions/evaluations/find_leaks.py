"""Find which records of a test split its candidates were trained on: in this version, another, or another dataset.

Train passes by line by line, so memory holds the test split alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tunedrop.actions.deployments import find_model
from tunedrop.domain.evaluation.evaluation_plan import Tested
from tunedrop.domain.evaluation.leaks import QuestionIndex
from tunedrop.domain.evaluation.questions import NOT_KNOWN, LeakReason, LearnedFrom, Question
from tunedrop.domain.records import stored_fingerprints
from tunedrop.domain.records.stored_fingerprints import UnreadableFingerprints
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import job_rows
from tunedrop.edges.s3 import objects

MOST_BYTES = 64 * 2**20
"""Of all train splits that are read anew: what no longer fits is known by its fingerprints, if it has any."""


def learned_from(jobs: Iterable[tuple[str, str]], tested: Tested, cloud: Cloud) -> tuple[LearnedFrom, ...]:
    """What the custom models of these jobs learned from, each with its candidate's name; without `tested`'s own train.

    A model that was tuned further learned from the data of the models before it, too. Where a job of them has no row,
    as of a model made elsewhere, that is told as data which nobody knows.
    """
    found: dict[tuple[str, int], LearnedFrom] = {}
    for name, job_id in jobs:
        job = job_rows.load(cloud.state, job_id)
        line = [*find_model.learned_from(job, cloud)] if job else []
        trained = {(each.dataset, each.version): _train(each) for each in line}
        if not line or line[-1].from_job:
            trained[NOT_KNOWN] = None
        for place, train in trained.items():
            known = found.setdefault(place, LearnedFrom((), *place, train))
            found[place] = replace(known, candidates=tuple(dict.fromkeys((*known.candidates, name))))
    found.pop((tested.dataset, tested.version), None)
    return tuple(found.values())


def _train(job: Job) -> StoredFile | None:
    train = (job.splits or {}).get("train")
    return StoredFile(train.key, train.version_id, train.bytes, train.sha256) if train else None


def find(
    asked: Tested, questions: Sequence[Question], cloud: Cloud
) -> tuple[Mapping[int, LeakReason], tuple[LearnedFrom, ...]]:
    """The numbers of the records that leak, each with its reason; and what of them is in which data.

    Raises objects.Unreadable if the version's own train is gone, and botocore's errors.
    """
    tested, left = QuestionIndex(questions), MOST_BYTES
    own = None if asked.train.bytes <= left else _known(tested, asked.dataset, asked.version, cloud)
    if own is None:
        own = tested.leaked(_lines(asked.train, cloud))
        left -= asked.train.bytes
    leaks: dict[int, LeakReason] = dict.fromkeys(own, "leaks_from_train")
    learned = []
    # What another version has may be gone, and S3 may answer that with a denial: then nobody looks, and says so.
    others = replace(cloud, denials_may_pass=False)
    for each in asked.learned:
        found = None
        if each.train and each.train.bytes <= left:
            found = _read(tested, each.train, others)
            left -= each.train.bytes if found is not None else 0
        if found is None and each.is_known:
            found = _known(tested, each.dataset, each.version, others)
        learned.append(replace(each, leaks=None if found is None else len(found - own)))
        leaks |= dict.fromkeys((found or frozenset()) - own, "trained_on")
    return leaks, tuple(learned)


def _read(tested: QuestionIndex, train: StoredFile, cloud: Cloud) -> frozenset[int] | None:
    """What train has of the questions; None if it is gone."""
    try:
        return tested.leaked(_lines(train, cloud))
    except objects.Unreadable:
        return None


def _known(tested: QuestionIndex, dataset: str, version: int, cloud: Cloud) -> frozenset[int] | None:
    """What train has of the questions by its fingerprints; None without ones that this release reads."""
    try:
        stored = objects.whole(cloud.bucket, object_keys.fingerprints(dataset, version, "train"))
        return tested.known(frozenset(stored_fingerprints.load(stored).questions))
    except (objects.Unreadable, UnreadableFingerprints):
        return None


def _lines(file: StoredFile, cloud: Cloud) -> Iterator[bytes]:
    rest = b""
    for chunk in objects.stream(cloud.bucket, file):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    yield rest
