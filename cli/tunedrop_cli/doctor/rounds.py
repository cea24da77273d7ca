"""Make checks at once, each bounded in time, and turn whatever they raise into an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late

from botocore.exceptions import BotoCoreError, ClientError

from tunedrop_cli.doctor import account_checks, fact_checks, resource_checks, stack_checks
from tunedrop_cli.doctor.outcomes import CannotTell, Check, Finding, Missing, Outcome, failed, unknown
from tunedrop_cli.doctor.reading import Reader
from tunedrop_cli.errors import Refused

FIRST = (Check("region", account_checks.region), Check("credentials", account_checks.credentials))
"""Without these nothing else can be looked at."""
PLAIN = (*stack_checks.CHECKS, *account_checks.CHECKS)
DEEP = (*resource_checks.CHECKS, *fact_checks.CHECKS)
AT_ONCE = 8
LONGEST = 60.0
"""Seconds that one check may take; its calls have time-outs of their own."""


def findings(reader: Reader, *, deep: bool, progress: Callable[[int], None]) -> Iterator[Finding]:
    """The outcome of every check, in their order. `progress` is called with 1 after each."""
    rest = (*PLAIN, *(DEEP if deep else ()))
    for check in FIRST:
        outcome = _look(check, reader)
        progress(1)
        yield Finding(check.name, outcome)
        if outcome.status == "failed":
            others = FIRST[FIRST.index(check) + 1 :]
            yield from _not_made((*others, *rest), f"{check.name} failed")
            return
    yield from _at_once(rest, reader, progress)


def names(*, deep: bool) -> list[str]:
    """The checks that `findings` makes."""
    return [check.name for check in (*FIRST, *PLAIN, *(DEEP if deep else ()))]


def _not_made(checks: Iterable[Check], reason: str) -> Iterator[Finding]:
    return (Finding(check.name, stack_checks.not_reached(reason)) for check in checks)


def _at_once(checks: Sequence[Check], reader: Reader, progress: Callable[[int], None]) -> Iterator[Finding]:
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        started = [(check, pool.submit(_look, check, reader)) for check in checks]
        for check, future in started:
            yield Finding(check.name, _result(future))
            progress(1)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _result(future: Future[Outcome]) -> Outcome:
    try:
        return future.result(LONGEST)
    except Late:
        return unknown(f"no answer within {LONGEST:.0f} seconds")


def _look(check: Check, reader: Reader) -> Outcome:
    return outcome_of(lambda: check.look(reader))


def outcome_of(look: Callable[[], Outcome]) -> Outcome:
    """What `look` returns, or the outcome that its exception means."""
    try:
        return look()
    except CannotTell as reason:
        return unknown(str(reason))
    except Missing as missing:
        return failed(f"missing: {missing}", command="make deploy")
    except (BotoCoreError, ClientError, Refused, OSError) as error:
        return unknown(f"{type(error).__name__}: {error}")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        return unknown(f"AWS answered in a form that this release does not know ({type(error).__name__}: {error})")
