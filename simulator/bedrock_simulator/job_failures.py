"""The ways in which a job fails, in the words of the service (docs/facts.md#failed-jobs).

No page says in which phase each of them shows; the phases here are the plausible ones.
"""

from collections.abc import Mapping
from typing import Final

from bedrock_simulator.entities import Job

_VALIDATION, _PROCESSING, _TRAINING = "job.validate", "job.process", "job.finish"

_OUTPUT_ACCESS = (
    "Amazon S3 perms missing (PutObject): Could not validate PutObject permissions to access S3 bucket: "
    "{output_bucket} at key {output_key}.write_access_check_file.tmp"
)
_LICENSE_TERMS = (
    "Automated tests flagged this fine-tuning job as including materials that are potentially inconsistent with "
    "Anthropic's third-party license terms. Please contact support."
)

CAUSES: Final[Mapping[str, tuple[str, str]]] = {
    "data_format": (_VALIDATION, "Unable to parse Amazon S3 file: {file}. Data files must conform to JSONL format."),
    "data_access": (
        _VALIDATION,
        "Could not validate GetObject permissions to access Amazon S3 bucket: {bucket} at key {key}",
    ),
    "output_access": (_VALIDATION, _OUTPUT_ACCESS),
    "token_limit": (_PROCESSING, "Maximum input token count 4097 exceeds limit of 4096"),
    "license_terms": (_PROCESSING, _LICENSE_TERMS),
    "internal": (_TRAINING, "Encountered an unexpected error when processing the request, please try again"),
}
"""The step that fails, and the message, by cause. `data_access` covers the bucket and its KMS key."""


def check(cause: str) -> None:
    """Check a cause. Raises ValueError."""
    if cause not in CAUSES:
        raise ValueError(f"no job fails of {cause}; the causes are {', '.join(CAUSES)}")


def message(job: Job, step: str) -> str | None:
    """The failure message if the job is to fail in this step of the agenda; else None."""
    due, words = CAUSES.get(job.fails or "", ("", ""))
    if due != step:
        return None
    bucket, _, key = job.training_uri.removeprefix("s3://").partition("/")
    output_bucket, _, output_key = job.output_uri.removeprefix("s3://").partition("/")
    return words.format(
        file=key.rpartition("/")[2], bucket=bucket, key=key, output_bucket=output_bucket, output_key=output_key
    )
