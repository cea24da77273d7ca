"""Five ways in which a function that is idempotent by Powertools alone buys twice; ours goes through the same five.

Both meet a Bedrock that forgets every token and lets names be shared, so that nothing but the function itself helps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from tunedrop.edges import clients

from tests.builders import LambdaContext
from tests.faults import money_paths, stories
from tests.faults.bedrock_modes import Mode, behaving
from tests.faults.bench import Bench, Checkpoint
from tests.faults.injector import INJECTOR, Answer, Attempt, Interference, Watch, happening
from tests.faults.kinds import Fault, Kind, interference
from tests.faults.money_paths import FEW, HAIKU, PATH
from tests.faults.taking_turns import AtEachCall
from tests.integration.bedrock_world import Crash
from tests.proofs import Proof

CREATE = "CreateProvisionedModelThroughput"
WRITES = frozenset({"TransactWriteItems", "UpdateItem", "PutItem"})
RECORDS = "Records"
LONGER_HOURS = 2
"""Than the deployment lasts, and than Powertools remembers by default."""


@dataclass(frozen=True, slots=True)
class Trap:
    """What happens to the first delivery of a message: at the purchase itself, or at the first write after it."""

    name: str
    kind: Kind | None = None
    at_the_write: bool = False
    comes_again: bool = False
    """The message is delivered once more while the first delivery has no time left, and is buying."""


TRAPS = (
    Trap("the record has expired when the message comes again"),
    Trap("the process is killed after the purchase", "crash_after"),
    Trap("the answer to the purchase is lost", "no_answer_after_the_effect"),
    Trap("the write after the purchase is throttled", "throttled", at_the_write=True),
    Trap("no time is left, and the message comes again", comes_again=True),
)


@dataclass(slots=True)
class _Meeting:
    """Lets the trap meet the first delivery."""

    trap: Trap
    strike: Interference | None
    bought: bool = False
    over: bool = False
    _at: str = field(default="")

    def __call__(self, attempt: Attempt, answered: Callable[[], Answer]) -> Answer:
        if attempt.number == 1 and not self.over:
            self.over = bool(self._at)
            writes = self.bought and attempt.operation in WRITES
            self._at = attempt.operation if (writes if self.trap.at_the_write else attempt.operation == CREATE) else ""
            self.bought |= attempt.operation == CREATE
        meets = self.strike and self._at == attempt.operation and not self.over
        return self.strike(attempt, answered) if meets and self.strike else answered()


def _meeting(trap: Trap, made: Bench, again: Callable[[], object]) -> Watch:
    strike: Interference | None = None
    if trap.kind:
        strike = interference(Fault(trap.kind), made.sleep)
    elif trap.comes_again:
        strike = happening(lambda: _survived(again), "before")
    return Watch(AtEachCall(_Meeting(trap, strike)))


def _survived(call: Callable[[], object]) -> None:
    with suppress(Crash, Exception):
        call()


def bought_here(made: Bench, start: Checkpoint, trap: Trap) -> int:
    """How often our function buys: the message comes again at once, and when all that could be forgotten is."""
    delivery = made.begin(start)
    (message,) = delivery.lines["SpendQueue"].messages

    def again() -> None:
        delivery.send("SpendQueue", message.body)
        delivery.step()

    delivery.watch = _meeting(trap, made, again)
    delivery.step()
    delivery.watch = Watch()
    for hours in (0.5, LONGER_HOURS):
        delivery.pass_time(hours)
        delivery.send("SpendQueue", message.body)
        stories.quiet(delivery)
    return len(made.world.bought())


def bought_by_powertools(made: Bench, start: Checkpoint, trap: Trap) -> int:
    """How often a function buys that is idempotent by Powertools alone."""
    made.begin(start)
    model = made.world.job(money_paths.jobs(made)[0]).model_arn or ""
    context: Any = LambdaContext(milliseconds_left=0 if trap.comes_again else 900_000)
    config = IdempotencyConfig(lambda_context=context)
    store = DynamoDBPersistenceLayer(RECORDS, boto3_client=clients.dynamodb())

    @idempotent_function(data_keyword_argument="message", persistence_store=store, config=config)
    def buy(*, message: Mapping[str, Any]) -> str:
        request: dict[str, Any] = {"provisionedModelName": message["deployment"], "modelId": model, "modelUnits": 1}
        return str(clients.spender().create_provisioned_model_throughput(**request)["provisionedModelArn"])

    def deliver() -> None:
        _survived(lambda: buy(message={"deployment": f"trapped-{TRAPS.index(trap)}"}))

    with INJECTOR.watched(_meeting(trap, made, deliver)):
        deliver()
    deliver()
    _expire(made)
    deliver()
    return len(made.world.bought())


def _expire(made: Bench) -> None:
    """As if an hour had passed: Powertools looks at the machine's own clock."""
    dynamodb = made.world.stack.dynamodb
    for row in dynamodb.scan(TableName=RECORDS)["Items"]:
        past: dict[str, Any] = {name: {"N": "1"} for name in ("expiration", "in_progress_expiration") if name in row}
        dynamodb.put_item(TableName=RECORDS, Item={**row, **past})


def counted() -> dict[str, tuple[int, int]]:
    """By trap, how often Powertools alone buys, and how often ours does."""
    with behaving(Mode(forgets=True)) as made:
        made.world.stack.dynamodb.create_table(
            TableName=RECORDS,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        delivery = made.begin(made.checkpoint())
        money_paths.trained(HAIKU)(made, delivery)
        trained = made.checkpoint()
        delivery.call("PUT", PATH, {"job_id": money_paths.jobs(made)[0], "hours": FEW}, key="put")
        asked = made.checkpoint()
        return {
            trap.name: (bought_by_powertools(made, trained, trap), bought_here(made, asked, trap)) for trap in TRAPS
        }


def prove() -> Proof:
    """All five."""
    found = counted()
    theirs, ours = ([each[index] for each in found.values()] for index in (0, 1))
    objections = [f"{name}: bought {number} times" for name, (_, number) in found.items() if number != 1]
    objections += [f"{name}: it does not trap Powertools alone" for name, (number, _) in found.items() if number < 2]
    return Proof(
        f"{len(TRAPS)} traps of idempotency by a record: with Powertools alone {theirs} purchases, here {ours}",
        objections,
    )
