"""The converter that this project started from: a line at a time, no checks. What all ratios are against."""

from __future__ import annotations

import json
from pathlib import Path


def convert(source: Path, target: Path) -> None:
    """Prompt and completion to Claude's messages, as the article does it, its escaping artefact mended."""
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
        for line in lines:
            record = json.loads(line)
            messages = [
                {"role": "user", "content": record["prompt"]},
                {"role": "assistant", "content": record["completion"]},
            ]
            out.write(json.dumps({"messages": messages}) + "\n")
