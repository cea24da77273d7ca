"""The words of a gate: what it asks for, what came of it, and what too little evidence is to it. Pure.

Apart from what works it out, which takes statistics: a check of a file reads the words in `dataset.toml`.
"""

from __future__ import annotations

from typing import Literal

Gate = Literal["better", "not_worse", "none"]
GateOutcome = Literal["passed", "failed", "held", "none"]
OnInsufficient = Literal["hold", "deploy"]
