"""What an evaluation asks and what was answered, as objects under its own prefix of the data bucket.

`questions.jsonl`, and for each candidate `<its number>/<chunk>.<how many of the chunk were answered before>.jsonl`:
written once, never changed. Visits that found the same answers want the same place and only one gets it, so no message
that comes twice makes an answer come twice, and none that comes late loses its answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tunedrop.domain.evaluation import model_answers, questions
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.domain.evaluation.questions import Question
from tunedrop.domain.versions import object_keys
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects

_TYPE = "application/jsonl"


def keep_questions(evaluation: Evaluation, asked: Sequence[Question], cloud: Cloud) -> None:
    """Store the questions; a repeat stores the same."""
    objects.put_once(cloud.bucket, f"{_folder(evaluation)}questions.jsonl", questions.dump(asked), _TYPE)


def load_questions(evaluation: Evaluation, cloud: Cloud) -> tuple[Question, ...]:
    """The stored questions. Raises objects.Unreadable if the data were erased."""
    return questions.load(objects.whole(cloud.bucket, f"{_folder(evaluation)}questions.jsonl"))


def keep_answers(evaluation: Evaluation, place: str, given: Iterable[GivenAnswer], cloud: Cloud) -> bool:
    """Store answers at `place`, such as `0/12.0`; False if another visit was there first."""
    return objects.put_once(cloud.bucket, f"{_folder(evaluation)}{place}.jsonl", model_answers.dump(given), _TYPE)


def load_answers(
    evaluation: Evaluation, candidate: int, cloud: Cloud, *, chunk: int | None = None
) -> Mapping[int, GivenAnswer]:
    """A candidate's answers by item, of one chunk or of all; of two to the same item, the first that was stored."""
    prefix = f"{_folder(evaluation)}{candidate}/{'' if chunk is None else f'{chunk}.'}"
    found: dict[int, GivenAnswer] = {}
    for key in sorted(objects.list_keys(cloud.bucket, prefix)):
        for answer in model_answers.load(objects.whole(cloud.bucket, key)):
            found.setdefault(answer.item, answer)
    return found


def _folder(evaluation: Evaluation) -> str:
    return object_keys.evaluation_folder(evaluation.dataset, evaluation.version, evaluation.id)
