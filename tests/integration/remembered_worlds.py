"""What many tests begin with, lived through once for a process: a later test gets the world as the story left it.

Training a model anew for each test of what comes after it took a quarter of the time of all tests in moto.
"""

from __future__ import annotations

import copy
import functools
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from moto.backends import get_backend
from tunedrop.domain.training.job_plan import PreparedVersion

from tests.faults.injector import INJECTOR
from tests.integration.faster_moto import same_rows

if TYPE_CHECKING:
    from tests.integration.bedrock_world import World

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Left:
    """A world as a story left it."""

    told: object
    checkpoint: Any
    access_rows: Any
    objects: bytes
    messages: Mapping[str, Any]
    prepared: PreparedVersion
    ids: int


_KNOWN: dict[str, _Left] = {}


def forget() -> None:
    """Live through every story anew."""
    _KNOWN.clear()


def begin(world: World, *what: object) -> None:
    """The world is one of those that were made in this way; the next call of AWS makes it another."""
    world.past, world.sent = _digest(what), INJECTOR.sent


def remembered(story: Callable[Concatenate[World, P], T]) -> Callable[Concatenate[World, P], T]:
    """Live through the story once for each past of a world, and for arguments that are what their `repr` says.

    Nothing may be refused or interrupted in its midst by whoever calls it.
    """

    @functools.wraps(story)
    def live(world: World, *arguments: P.args, **named: P.kwargs) -> T:
        if not world.past or world.sent != INJECTOR.sent or INJECTOR.is_watched:
            return story(world, *arguments, **named)
        what = (story.__module__, story.__qualname__, arguments, sorted(named.items()))
        past = _digest((world.past, _as_it_is(world), what))
        if past in _KNOWN:
            _put_back(world, _KNOWN[past])
        else:
            told = story(world, *arguments, **named)
            _KNOWN[past] = _left(world, told)
        begin(world, past)
        return cast("T", _KNOWN[past].told)

    return cast("Callable[Concatenate[World, P], T]", live)


def _as_it_is(world: World) -> tuple[object, ...]:
    """What a test can change of a world without a call of AWS."""
    configuration = world.simulator.configuration
    rules = repr(configuration).replace(repr(configuration.knowledge), repr(vars(configuration.knowledge)))
    return world.settings, world.clock.time, world.bedrock_clock.skew, world.ids, rules, world.simulator.snapshot()


def _digest(what: object) -> str:
    text = repr(what)
    assert "object at 0x" not in text, "this repr is another one each time"
    return sha256(text.encode()).hexdigest()


def _left(world: World, told: object) -> _Left:
    assert not world.events
    return _Left(
        told,
        world.checkpoint(),
        same_rows(_table(world.settings.access_table).items),
        _objects(world),
        {name: copy.deepcopy(queue._messages) for name, queue in _queues().items()},
        world.prepared,
        world.ids,
    )


def _put_back(world: World, left: _Left) -> None:
    world.restore(left.checkpoint)
    world.prepared, world.ids = left.prepared, left.ids
    _table(world.settings.access_table).items = same_rows(left.access_rows)
    _put_back_objects(world, left.objects)
    for name, queue in _queues().items():
        queue._messages = copy.deepcopy(left.messages[name])


def _objects(world: World) -> bytes:
    """Every version of every key. Pickled, because moto closes the files of all keys when a test ends."""
    return pickle.dumps(list(_bucket(world).keys.lists()))


def _put_back_objects(world: World, objects: bytes) -> None:
    keys = _bucket(world).keys
    for key, _ in list(keys.lists()):
        keys.pop(key)
    for key, versions in pickle.loads(objects):  # noqa: S301 - our own
        keys.setlist(key, versions)


def _table(name: str) -> Any:
    return get_backend("dynamodb")["123456789012"]["us-west-2"].tables[name]


def _bucket(world: World) -> Any:
    return get_backend("s3")["123456789012"]["aws"].buckets[world.stack.bucket]


def _queues() -> dict[str, Any]:
    return dict(get_backend("sqs")["123456789012"]["us-west-2"].queues)
