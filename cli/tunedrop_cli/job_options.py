"""What a person says on the command line about a job to start, as the body of `POST /jobs`."""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from tunedrop.domain.base_models.catalogue import catalogue
from tunedrop.domain.training.start_request import StartJob, Vpc

from tunedrop_cli import options
from tunedrop_cli.errors import WrongUsage

MOST_OF_A_SWEEP = 6
MOST_DIGITS = 30
"""Of a number that is written out; no hyperparameter has as many."""

Body = dict[str, Any]


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options that say what to train."""
    command.add_argument("dataset", metavar="DATASET[@VERSION]", help="the data; default: its newest accepted version")
    command.add_argument(
        "--model", required=True, choices=sorted(catalogue()), metavar="BASE_MODEL", help="what to tune"
    )
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a hyperparameter; may be repeated"
    )
    command.add_argument("--deploy", metavar="NAME", help="make this deployment when the job completes")
    command.add_argument(
        "--serving", choices=("on_demand", "provisioned_throughput"), help="default: the base model's first way"
    )
    command.add_argument("--model-units", type=int, metavar="N", help="Provisioned Throughput only (default: 1)")
    command.add_argument("--hours", type=int, metavar="N", help="release it after N hours")
    command.add_argument(
        "--idle-minutes", type=int, metavar="N", help="release it once nobody has called it for so long (10 or more)"
    )
    command.add_argument(
        "--on-budget", choices=("notify", "release"), help="what becomes of it when the month's budget is exceeded"
    )
    command.add_argument("--from-job", metavar="JOB", help="tune the custom model of this job further")
    command.add_argument(
        "--tag", action="append", default=[], metavar="NAME=VALUE", help="a tag of your own; may be repeated"
    )
    command.add_argument(
        "--deadline", metavar="TIME", help="start it by then or not at all: hours from now, such as 6h, or an ISO time"
    )
    command.add_argument("--kms-key", metavar="ARN", help="encrypts the custom model; one that the stack allows")
    command.add_argument(
        "--subnet", action="append", default=[], metavar="ID", help="let Bedrock read the data through it; repeatable"
    )
    command.add_argument(
        "--security-group", action="append", default=[], metavar="ID", help="of --subnet; may be repeated"
    )
    command.add_argument(
        "--accept-unknown-price", action="store_true", help="start under a budget although a price is not configured"
    )
    command.add_argument("--plan-id", metavar="ID", help="confirm the plan of this id, and start only exactly that")


def body(chosen: argparse.Namespace) -> Body:
    """The request. Raises WrongUsage for what no request could say."""
    made: Body = {**options.dataset_version(chosen.dataset), "base_model": chosen.model}
    if chosen.set:
        made["hyperparameters"] = {name: _plain(value) for name, value in (_pair(text, "--set") for text in chosen.set)}
    if chosen.plan_id:
        made["plan_id"] = chosen.plan_id
    made |= _choices(chosen)
    wish = {
        "name": chosen.deploy,
        "serving": chosen.serving,
        "model_units": chosen.model_units,
        "hours": chosen.hours,
        "idle_minutes": chosen.idle_minutes,
        "on_budget": chosen.on_budget,
    }
    given = {name: value for name, value in wish.items() if value is not None}
    if given and not chosen.deploy:
        raise WrongUsage(
            "--serving, --model-units, --hours, --idle-minutes and --on-budget are about a deployment: say which by "
            "--deploy NAME"
        )
    return made | ({"deployment": given} if given else {})


def choices(chosen: argparse.Namespace) -> StartJob:
    """What the person chose beside data and training, to be said again."""
    made = _choices(chosen)
    vpc, deadline = made.pop("vpc", None), made.pop("deadline", None)
    network = Vpc(tuple(vpc["subnet_ids"]), tuple(vpc["security_group_ids"])) if vpc else None
    until = datetime.fromisoformat(deadline) if deadline else None
    return StartJob(dataset=chosen.dataset, base_model=chosen.model, vpc=network, deadline=until, **made)


def _choices(chosen: argparse.Namespace) -> Body:
    """What the person chose beside data and training."""
    if bool(chosen.subnet) != bool(chosen.security_group):
        raise WrongUsage("a network is at least one --subnet and one --security-group")
    vpc = {"subnet_ids": chosen.subnet, "security_group_ids": chosen.security_group} if chosen.subnet else None
    made = {
        "from_job": chosen.from_job,
        "tags": dict(_pair(text, "--tag") for text in chosen.tag) or None,
        "deadline": _moment(chosen.deadline) if chosen.deadline else None,
        "kms_key_arn": chosen.kms_key,
        "vpc": vpc,
        "accept_unknown_price": chosen.accept_unknown_price or None,
    }
    return {name: value for name, value in made.items() if value is not None}


def _moment(text: str) -> str:
    if re.fullmatch(r"\d{1,3}h", text):
        return (datetime.now(UTC) + timedelta(hours=int(text[:-1]))).isoformat(timespec="seconds")
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except ValueError:
        raise WrongUsage(f"{text!r} is no deadline; write 6h, or a time such as 2026-12-01T18:00") from None


def sweep(texts: Sequence[str], repeats: int) -> Iterator[Mapping[str, str]]:
    """Each combination of the values of `NAME=A,B,…`, `repeats` times. Raises WrongUsage if these are too many."""
    axes = [
        (name, [_plain(value) for value in values.split(",")])
        for name, values in (_pair(text, "--sweep") for text in texts)
    ]
    names = [name for name, _ in axes]
    if len(set(names)) < len(names) or any("" in values or len(set(values)) < len(values) for _, values in axes):
        raise WrongUsage("--sweep takes each hyperparameter once, and each value once: learningRate=1e-5,3e-5")
    combinations = list(itertools.product(*(values for _, values in axes)))
    if not 2 <= len(combinations) * repeats <= MOST_OF_A_SWEEP:
        count = len(combinations) * repeats
        raise WrongUsage(f"these values make {count} jobs; a sweep has 2 to {MOST_OF_A_SWEEP}, repeats included")
    return (dict(zip(names, values, strict=True)) for values in combinations for _ in range(repeats))


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and (value or option == "--tag")):
        raise WrongUsage(f"{option} {text!r}: write NAME=VALUE, such as epochCount=3")
    return name, value


def _plain(value: str) -> str:
    """A number without its exponent, because Bedrock reads none: 3e-5 is 0.00003; all else as it is."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    return (
        f"{number:f}" if "e" in value.lower() and number.is_finite() and abs(number.adjusted()) < MOST_DIGITS else value
    )
