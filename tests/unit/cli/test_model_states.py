"""What `tunedrop models` says of a custom model: never more than Bedrock was heard to say."""

from __future__ import annotations

from typing import Any

import pytest
from tunedrop_cli import models

GIVEN_UP = {"deleted_at": None, "code": "model_deployed"}
UNKNOWN = "not known whether Bedrock keeps it"


@pytest.mark.parametrize(("is_there", "deletion", "said"), [
    (True, None, "kept"),
    (None, None, UNKNOWN),
    (True, GIVEN_UP, "kept"),
    (None, GIVEN_UP, UNKNOWN),
    (None, {"deleted_at": None, "code": None}, "being deleted"),
    (False, None, "gone, deleted by somebody else"),
])  # fmt: skip
def test_whether_it_is_kept_is_said_only_where_it_is_known(is_there, deletion, said):
    found: dict[str, Any] = {"is_there": is_there, "missed_at": None, "deletion": deletion}
    assert models.state(found) == said
