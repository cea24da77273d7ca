"""ARNs of stacks, as the tag `tunedrop:stack` holds them. Pure."""

from __future__ import annotations

import re

DELETED = "DELETE_COMPLETE"
"""The status of a stack that is gone; CloudFormation tells it for 90 days (docs/facts.md#cloudformation)."""


def is_here(text: str, *, region: str, account: str) -> bool:
    """Whether the text, which anybody may have set as a tag, is the ARN of a stack in this account and Region."""
    pattern = rf"arn:aws[a-z-]*:cloudformation:{re.escape(region)}:{re.escape(account)}:stack/[a-zA-Z0-9-]+/[0-9a-f-]+"
    return re.fullmatch(pattern, text) is not None


def name_of(stack_arn: str) -> str:
    """The stack's name."""
    return stack_arn.split("/")[1] if stack_arn.count("/") >= 1 else stack_arn
