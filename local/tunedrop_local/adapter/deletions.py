"""Seam: what a resource depends on that could not be deleted stays, as in CloudFormation; MiniStack deletes it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

from tunedrop_local.adapter import seams

#: By stack (ARN), what must stay in the deletion that runs.
_needed: defaultdict[str, set[str]] = defaultdict(set)


def install() -> None:
    """Wraps the deletion of a stack and of each resource."""
    delete = seams.original(
        stacks, "_delete_resource", "resource_type", "physical_id", "props", "stack_name", "logical_id"
    )
    begin = seams.original(handlers, "_delete_stack_async", "stack_name", "stack_id")

    def delete_unless_needed(
        kind: str, physical_id: str, props: Any, stack_name: str = "", logical_id: str = ""
    ) -> None:
        if logical_id in _needed[_id(stack_name)]:
            raise RuntimeError("something that depends on it is still there")
        try:
            delete(kind, physical_id, props, stack_name, logical_id)
        except Exception:
            _needed[_id(stack_name)] |= _dependencies(stack_name, logical_id)
            raise

    async def begin_anew(stack_name: str, stack_id: str, *rest: Any, **options: Any) -> None:
        _needed.pop(stack_id, None)
        await begin(stack_name, stack_id, *rest, **options)

    seams.replace(stacks, "_delete_resource", delete_unless_needed)
    seams.replace(handlers, "_delete_stack_async", begin_anew)


def _id(stack_name: str) -> str:
    return str((cloudformation._stacks.get(stack_name) or {}).get("StackId"))


def _dependencies(stack_name: str, logical_id: str) -> set[str]:
    """What the resource depends on, itself aside; nothing outside a stack's deletion."""
    stack = cloudformation._stacks.get(stack_name) or {}
    if stack.get("StackStatus") != "DELETE_IN_PROGRESS":
        return set()
    with_dependencies = seams.original(stacks, "_with_dependencies", "logical_ids", "res_defs", "remaining")
    declared = stack.get("_template", {}).get("Resources", {})
    return set(with_dependencies([logical_id], declared, set(stack.get("_resources", {})))) - {logical_id}
