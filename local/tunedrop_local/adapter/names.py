"""Seam: resources without a name get a new name in each stack, as on AWS.

MiniStack derives names from the stack and the logical id. Two stacks of one name in two Regions would share their
roles, and a stack created again would empty the tables that the previous one retained.
"""

from __future__ import annotations

import secrets
from typing import Any

from ministack.services.cloudformation import stacks

from tunedrop_local.adapter import seams


def install() -> None:
    """Draws a random seed for each new resource; MiniStack keeps it with the resource for updates."""
    provision = seams.original(stacks, "_provision_resource", "resource_type", "logical_id")
    if not hasattr(stacks, "_NAME_SEED"):
        raise seams.SeamMissing("ministack.services.cloudformation.stacks._NAME_SEED is gone")

    def provision_with_seed(*arguments: Any, **options: Any) -> Any:
        if not stacks._NAME_SEED.get():
            stacks._NAME_SEED.set(secrets.token_hex(4))
        return provision(*arguments, **options)

    seams.replace(stacks, "_provision_resource", provision_with_seed)
