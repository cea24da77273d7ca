"""Find and read a file of answers that were made elsewhere: `answers/<file>` among an evaluation's candidates."""

from __future__ import annotations

from collections.abc import Sequence

from tunedrop.domain.evaluation import answer_files
from tunedrop.domain.evaluation.answer_files import MatchedAnswers
from tunedrop.domain.evaluation.evaluation_states import Candidate
from tunedrop.domain.evaluation.questions import Question
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.object_keys import AnswersUpload
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects, version_listing
from tunedrop.errors import Conflict, InvalidInput

PREFIX = f"{object_keys.ANSWERS}/"
"""What the name of such a candidate begins with; no deployment has a slash in its name."""


def find(dataset: str, name: str, cloud: Cloud) -> Candidate:
    """The file as it is now, in the S3 version that stays the same from here on.

    Raises InvalidInput `unknown_candidate`, `answers_too_large`, Conflict `data_gone`, and botocore's errors.
    """
    key = object_keys.incoming(dataset, name)
    file = version_listing.current(cloud.bucket, key) if isinstance(object_keys.parse(key), AnswersUpload) else None
    if file is None:
        raise InvalidInput(
            "unknown_candidate",
            f"There is no {key[:160]}. Upload it: tunedrop evaluations start --answers FILE, or a link by "
            "POST /datasets/{name}/uploads.",
            field="against",
        )
    if file.bytes > answer_files.MAX_BYTES:
        raise InvalidInput(
            "answers_too_large",
            f"{name} has {file.bytes:,} bytes; a file of answers may have {answer_files.MAX_BYTES:,}.",
            field="against",
            maximum=answer_files.MAX_BYTES,
        )
    try:
        return Candidate(name, key, "", answers=objects.fingerprint(cloud.bucket, file))
    except objects.Unreadable as gone:
        raise Conflict("data_gone", str(gone), field="against") from gone


def match(candidate: Candidate, questions: Sequence[Question], cloud: Cloud) -> MatchedAnswers:
    """What the candidate's file answers.

    Raises InvalidInput `invalid_answers`, objects.Unreadable and botocore's errors.
    """
    file = candidate.answers
    if file is None:
        raise ValueError(f"{candidate.name} is asked, and has no file")
    return answer_files.match(candidate.name, objects.read(cloud.bucket, file, answer_files.MAX_BYTES), questions)
