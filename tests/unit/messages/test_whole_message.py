"""An answer as one message."""

from __future__ import annotations

import pytest
from tunedrop.domain.messages import whole_message
from tunedrop.domain.messages.api_errors import ApiError

from tests.unit.messages.test_claude_mapping import ANSWER, answer, chunks


def test_a_tools_input_that_is_no_json_is_an_error():
    broken = {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{"}}
    with pytest.raises(ApiError, match="not JSON"):
        whole_message.folded(answer(chunks(*ANSWER[:7], broken, *ANSWER[9:])))
