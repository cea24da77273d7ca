"""Atoms that are granted although no recorded call and no service needs them, each with its reason; none is stale."""

from __future__ import annotations

UNNEEDED: dict[str, str] = {}
"""By the atom's words, as the prover prints them."""
