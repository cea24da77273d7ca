"""Names of the files that records refer to, under `media/` of a dataset's folder."""

from __future__ import annotations

import re

_LONGEST = 200
_PATH = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*", re.ASCII)
RULE = (
    "Names of files that records refer to, and of their folders, have letters, digits, '.', '_' and '-', begin with "
    f"none of '.' and '-', and have at most {_LONGEST} characters with all folders."
)
"""What Bedrock takes in the name of a file (docs/facts.md#records), without what a shell or a path would mistake."""


def is_path(path: str) -> bool:
    """Whether records may refer to a file of this path."""
    return len(path) <= _LONGEST and _PATH.fullmatch(path) is not None
