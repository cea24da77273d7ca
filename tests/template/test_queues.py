"""Queues: what the design promises of them; that they are wired is what test_wiring.py proves."""

from __future__ import annotations

import pytest

MAPPING = "AWS::Lambda::EventSourceMapping"


@pytest.mark.parametrize("name", ["DatasetUploadedFunction", "SpendingRequestedFunction"])
def test_uploads_and_purchases_are_handled_one_at_a_time(stack, name):
    (mapping,) = (each for each in stack.of(MAPPING) if stack.referred(each["FunctionName"]).id == name)
    assert mapping["BatchSize"] == 1


def test_uploads_have_the_longest_time_and_the_visibility_that_the_design_promises(stack):
    assert stack["DatasetUploadedFunction"]["Timeout"] == 900
    assert stack["UploadQueue"]["VisibilityTimeout"] == 960
