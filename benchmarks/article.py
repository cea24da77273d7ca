"""The baseline of all ratios: the converter this project started from, one line at a time without checks."""

from __future__ import annotations

import json
from pathlib import Path


def convert(source: Path, target: Path) -> None:
    """Convert prompt and completion to Claude's messages as the article does, but without its escaping bug."""
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
        for line in lines:
            record = json.loads(line)
            messages = [
                {"role": "user", "content": record["prompt"]},
                {"role": "assistant", "content": record["completion"]},
            ]
            out.write(json.dumps({"messages": messages}) + "\n")
