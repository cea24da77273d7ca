"""Check for credentials, recognized by the formats their issuers gave them. A finding never quotes one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples
from tunedrop.domain.checks.marks import Signs
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.records.record import Record

_FORMS: tuple[tuple[str, str, str], ...] = (  # kind, literals of which every match contains one, pattern
    ("An AWS access key id", "IA", r"(?:AKIA|ASIA)[A-Z2-7]{16}(?!\w)"),
    (
        "An AWS secret access key",
        "ecret",
        r"(?i:aws_?secret_?(?:access_?)?key)[\"']?\s{0,4}[=:]\s{0,4}[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    ),
    ("A private key", "PRIVATE KEY", r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    ("A GitHub token", "ghp_|gho_|ghu_|ghs_|ghr_", r"gh[pousr]_[A-Za-z0-9]{36,251}(?!\w)"),
    ("A GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9_]{60,100}(?!\w)"),
    ("A GitLab token", "glpat-", r"glpat-[\w-]{20,}"),
    ("A Slack token", "xoxa-|xoxb-|xoxe-|xoxo-|xoxp-|xoxr-|xoxs-", r"xox[abeoprs]-[A-Za-z0-9-]{20,}"),
    ("A Slack token", "xapp-", r"xapp-\d-[A-Z0-9]{8,}-\d+-[a-z0-9]{20,}"),
    (
        "A Slack webhook",
        "hooks.slack.com/services/T",
        r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}",
    ),
    ("A Stripe key", "k_live_", r"[sr]k_live_[A-Za-z0-9]{16,}"),
    ("A Google API key", "AIza", r"AIza[\w-]{35}(?![\w-])"),
    ("An Anthropic API key", "sk-ant-", r"sk-ant-[\w-]{20,}"),
    (
        "An OpenAI API key",
        "sk-",
        r"sk-(?:(?:proj|svcacct|admin)-[\w-]{20,}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48}(?!\w))",
    ),
    ("A Hugging Face token", "hf_", r"hf_[A-Za-z0-9]{34}(?!\w)"),
    ("An npm token", "npm_", r"npm_[A-Za-z0-9]{36}(?!\w)"),
    ("A PyPI token", "pypi-", r"pypi-AgE[\w-]{50,}"),
    ("A SendGrid key", "SG.", r"SG\.[\w-]{22}\.[\w-]{43}(?![\w-])"),
    ("An Azure storage key", "AccountKey", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    ("A Tunedrop API key", "td_", r"td_[0-9a-z]{26}_[0-9A-Za-z]{39}(?!\w)"),
    ("A JSON web token", "eyJ", r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"),
    (
        "A password in a URL",
        "://",
        r"[a-z][a-z0-9+.]{1,15}://[^\s:/@\"'<>]{1,64}:(?P<password>[^\s:/@\"'<>]{3,128})@(?P<host>[\w.-]+)",
    ),
)
_PATTERNS = tuple(
    (kind, tuple(signs.split("|")), re.compile(r"(?<![A-Za-z0-9_])(?:" + form + ")" if form[0] != "-" else form))
    for kind, signs, form in _FORMS
)
_NO_PASSWORD = re.compile(
    r"[\[{$%*].*|.*[\]}*]|x+|\.+|(?:your|my)?.?(?:pass(?:word|wd)?|pwd|secret|token).?", re.IGNORECASE
)

_NO_HOST = re.compile(r"(?:.*\.)?(?:example(?:\.[a-z]+)?|localhost|host|hostname|invalid|test)|127\..*|0\.0\.0\.0")

_LEAST = b"x" * 20
"""The shortest secret, as a run of characters without a blank. Prose hardly ever has a run this long."""
_RUNS = bytes(ord("x") if 0x21 <= byte <= 0x7E else ord(" ") for byte in range(256))


@check(
    code="secret",
    severity="warning",
    shared=True,
    words="A text holds a secret: a key, a token, or a password in a URL.",
    hint="Revoke it, and replace it in the data: a tuned model can repeat what it has seen.",
    example=Example(
        '{"prompt": "How do I sign in?", "completion": "Use the key AKIA…"}',
        build=lambda: examples.line("How do I sign in?", "Use the key AKIA" + "QWERTYUIOPASDFGH").encode(),
    ),
    clear=Signs(*(sign for _, signs, _ in _PATTERNS for sign in signs)),
)
def secret(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag credentials."""
    for _, path, text in record.texts:
        # Text without a long enough run holds none: this saves nearly all prose from all patterns.
        if _LEAST not in text.encode("utf-8", "surrogatepass").translate(_RUNS) and "-----BEGIN" not in text:
            continue
        for kind, start in _secrets(text):
            yield Spot(path, f"{kind} at character {start + 1}.")


def _secrets(text: str) -> Iterator[tuple[str, int]]:
    for kind, signs, pattern in _PATTERNS:
        if any(sign in text for sign in signs) and (match := pattern.search(text)) and not _is_made_up(match):
            yield kind, match.start()


def _is_made_up(match: re.Match[str]) -> bool:
    """Whether a match is a URL whose password or host is a placeholder."""
    if "password" not in match.re.groupindex:
        return False
    return bool(_NO_PASSWORD.fullmatch(match["password"]) or _NO_HOST.fullmatch(match["host"]))
