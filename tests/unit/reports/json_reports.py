"""Reports as JSON, of the shape that design and `json_report` promise."""

from __future__ import annotations

from typing import Any


def finding(code: str, line: int | None = 1, **members: Any) -> dict[str, Any]:
    return {
        "code": code,
        "severity": "error",
        "source": "incoming/support-bot/train.jsonl",
        "record": line,
        "line": line,
        "path": "$.prompt",
        "message": "The text is blank.",
        "hint": "Write something, or take the record out.",
    } | members


def rejected() -> dict[str, Any]:
    """A report with errors, warnings, capped codes, a histogram, a price."""
    blank = [finding("empty_text", line) for line in range(3, 53)]
    twice = [
        finding("exact_duplicate", line, severity="warning", path="$", message="The same record stands further up.")
        for line in (20, 41)
    ]
    reserved = finding(
        "reserved_word",
        88,
        path="$.messages[2].content",
        message="Holds '\\nHuman:', reserved by claude-3-haiku.",
        hint="Write it differently, for instance without the colon.",
    )
    return {
        "schema": 1,
        "tunedrop": "1.2.3",
        "dataset": "support-bot",
        "version": 3,
        "split": "train",
        "base_model": "claude-3-haiku",
        "verdict": "rejected",
        "format": "prompt_completion",
        "records": 1834,
        "files": [
            {
                "key": "incoming/support-bot/train.jsonl",
                "version_id": "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
                "bytes": 2_345_678,
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            }
        ],
        "output": None,
        "findings": [*blank, *twice, reserved],
        "counts_by_code": {"exact_duplicate": 2, "empty_text": 120, "reserved_word": 1},
        "truncated_codes": ["empty_text"],
        "normalised": [{"what": "byte_order_mark", "count": 1}, {"what": "crlf_line_end", "count": 1834}],
        "policy": {"name": "default"},
        "tokens": {"estimator": "ascii/3+utf8/2", "margin": 0.1, "total": 184_211, "p50": 92, "p95": 231, "max": 1874},
        "cost": {"trained_tokens_per_epoch": 184_211, "price": 0.004, "currency": "USD", "amount": 0.736844},
        "lengths": [
            {"from": 20 * index, "to": 20 * index + 19, "records": max(0, 400 - (index - 4) ** 2 * 9)}
            for index in range(15)
        ],
    }


def accepted() -> dict[str, Any]:
    """A clean report on a file of the person's own machine, without a price."""
    stored = {"key": "prepared.jsonl", "sha256": "0" * 64, "records": 1834}
    return rejected() | {
        "dataset": None,
        "version": None,
        "verdict": "accepted",
        "files": [{"key": "train.jsonl", "version_id": None, "bytes": 12, "sha256": None}],
        "output": stored,
        "findings": [],
        "counts_by_code": {},
        "truncated_codes": [],
        "normalised": [],
        "cost": {"trained_tokens_per_epoch": 184_211, "price": None, "currency": "USD", "amount": None},
    }
