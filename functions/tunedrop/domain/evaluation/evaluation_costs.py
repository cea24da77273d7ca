"""What asking an evaluation's candidates costs: the most before, and what it took once it has ended. Pure.

Whatever answers on demand bills its tokens, at the price of its base model; Provisioned Throughput bills by the hour
whether it is asked or not, and for a file of answers nobody is asked. A price that is not configured makes an amount
unknown, never 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunedrop.domain.charges import call_costs
from tunedrop.domain.charges.call_costs import TokenWay
from tunedrop.domain.evaluation.evaluation_states import ENDED, Candidate, Evaluation, Tokens, TokensAllowed

_BY_THE_HOUR = ":provisioned-model/"


@dataclass(frozen=True, slots=True)
class TokensBilled:
    """The tokens of one candidate that are billed by the token."""

    candidate: Candidate
    tokens: Tokens

    def ways(self, prices: Mapping[str, float]) -> Iterator[tuple[TokenWay, Decimal, Decimal | None]]:
        """Tokens in and out, in thousands, each with the price of a thousand (None: not configured)."""
        counts: tuple[tuple[TokenWay, int], ...] = (("input", self.tokens.input), ("output", self.tokens.output))
        for way, count in counts:
            yield way, Decimal(count) / 1000, _price(self.candidate, way, prices)


def billed(evaluation: Evaluation, prices: Mapping[str, float]) -> tuple[TokensBilled, ...]:
    """The tokens of each candidate: while it is open the most, then what was answered.

    Calls whose answers were lost may have been billed, so they count as the longest ones, of the dearest candidate.
    """
    if evaluation.allowed is None:  # written before anybody counted
        return ()
    if evaluation.state not in ENDED:
        return most(evaluation.candidates, evaluation.allowed, prices)
    used = evaluation.used or (Tokens(),) * len(evaluation.candidates)
    return _with_spare(evaluation.candidates, used, evaluation.allowed.longest * evaluation.lost_calls, prices)


def most(
    candidates: Sequence[Candidate], allowed: TokensAllowed, prices: Mapping[str, float]
) -> tuple[TokensBilled, ...]:
    """The most that may be asked: of each candidate what is planned, and every repeated call of the dearest one."""
    return _with_spare(candidates, allowed.planned, allowed.longest * allowed.spare_calls, prices)


def of_answers(candidate: Candidate, used: Tokens) -> tuple[TokensBilled, ...]:
    """What one candidate's answers took; nothing where it bills by the hour."""
    return (TokensBilled(candidate, used),) if _bills_tokens(candidate) else ()


def amount(counted: Sequence[TokensBilled], prices: Mapping[str, float]) -> Decimal | None:
    """What tokens cost; None where a price is not configured."""
    costs = [(thousands, price) for each in counted for _, thousands, price in each.ways(prices) if thousands]
    known = [thousands * price for thousands, price in costs if price is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None


def rounded(counted: Sequence[TokensBilled], prices: Mapping[str, float]) -> float | None:
    """The same as plans and reports show it, to a ten-thousandth."""
    cost = amount(counted, prices)
    return None if cost is None else float(round(cost, 4))


def missing_prices(counted: Sequence[TokensBilled], prices: Mapping[str, float]) -> tuple[str, ...]:
    """The keys that `Prices` lacks."""
    missing = {
        price_name(each.candidate.base_model, way)
        for each in counted
        for way, thousands, price in each.ways(prices)
        if thousands and price is None
    }
    return tuple(sorted(missing))


def price_name(base_model: str, way: TokenWay) -> str:
    """The key of `Prices`."""
    return call_costs.price_name(base_model, way)


def _with_spare(
    candidates: Sequence[Candidate], counted: Sequence[Tokens], spare: Tokens, prices: Mapping[str, float]
) -> tuple[TokensBilled, ...]:
    each = [TokensBilled(*pair) for pair in zip(candidates, counted, strict=True) if _bills_tokens(pair[0])]
    if not each:
        return ()
    costs = [amount((TokensBilled(one.candidate, spare),), prices) for one in each]
    dearest = max(range(len(each)), key=lambda place: costs[place] or Decimal(0))
    each[dearest] = TokensBilled(each[dearest].candidate, each[dearest].tokens + spare)
    return tuple(each)


def _bills_tokens(candidate: Candidate) -> bool:
    return not (candidate.answers or candidate.by_the_hour or _BY_THE_HOUR in candidate.model)


def _price(candidate: Candidate, way: TokenWay, prices: Mapping[str, float]) -> Decimal | None:
    price = prices.get(price_name(candidate.base_model, way))
    return None if price is None else Decimal(str(price))
