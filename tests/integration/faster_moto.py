"""Moto's answers, sooner: without what it looks up or adds up again and again."""

from __future__ import annotations

import copy
import functools
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import jsonpath_ng.ext
from botocore.awsrequest import AWSPreparedRequest
from moto.backend_index import backend_url_patterns
from moto.core import responses
from moto.core.base_backend import BaseBackend
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.model_instances import model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.models.table import Table as MotoTable
from moto.dynamodb.models.utilities import bytesize
from moto.dynamodb.responses import DynamoHandler

OFTEN = {"dynamodb", "sqs", "events", "s3"}
"""Services that are looked for first, because most calls are theirs."""
_DYNAMODB = re.compile(r"https://dynamodb\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/")
LIMIT = 405_000
"""Bytes of an item, as moto has it."""


@functools.cache
def hurry() -> None:
    """Once for a process."""
    _pass_attributes_on()
    _copy_changed_rows_only()
    _add_sizes_up_when_they_matter()
    _take_each_transaction_once()
    _put_addresses_together_once()
    _take_calls_of_dynamodb_as_they_are()
    jsonpath_ng.ext.parse = functools.cache(jsonpath_ng.ext.parse)  # type: ignore[attr-defined]
    responses.method_names_from_class = functools.cache(method_names_from_class)  # type: ignore[attr-defined]
    responses.camelcase_to_underscores = functools.cache(camelcase_to_underscores)  # type: ignore[attr-defined]
    backend_url_patterns.sort(key=lambda each: each[0] not in OFTEN)


def _pass_attributes_on() -> None:
    """Write DynamoDB's attributes as they are held.

    Moto looks every member of every value up by reflection, which takes half the time of all these tests.
    """
    written = BaseJSONSerializer._serialize_type_structure

    def pass_on(self: Any, serialized: dict[str, Any], value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict):
            serialized[self.get_serialized_name(shape, key)] = value
        else:
            written(self, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = pass_on  # type: ignore[assignment]


def _copy_changed_rows_only() -> None:
    """Let moto copy the rows that a transaction changes, instead of the whole table before each transaction."""
    updated = DynamoDBBackend.update_item

    def update_a_copy(self: Any, table_name: str, key: Any, *arguments: Any, **named: Any) -> Any:
        table = self.get_table(table_name)
        place, within = self.get_keys_value(table, key)
        if (row := table.get_item(place, within)) is not None:
            table.items[place][within] = copy.deepcopy(row)
        return updated(self, table_name, key, *arguments, **named)

    def as_it_stands(self: MotoTable, _: Any) -> MotoTable:
        kept = copy.copy(self)
        kept.items = same_rows(self.items)
        return kept

    DynamoDBBackend.update_item = update_a_copy  # type: ignore[method-assign]
    MotoTable.__deepcopy__ = as_it_stands  # type: ignore[attr-defined]


def same_rows(items: Mapping[Any, Mapping[Any, Any]]) -> defaultdict[Any, dict[Any, Any]]:
    """A table's rows for another one to hold: in a hurry, no row is changed where it stands."""
    return defaultdict(dict, {place: dict(rows) for place, rows in items.items()})


def forget_rows() -> None:
    """Let go of tables and rows that nobody holds any more: moto keeps all it ever made, for a page that shows it."""
    for model in model_data["dynamodb"].values():
        model.instances_tracked.clear()  # type: ignore[attr-defined]


def _add_sizes_up_when_they_matter() -> None:
    """Leave it to moto whether an item is too large only when all that was ever written to it might be.

    Moto adds the whole item up again for each attribute, a tenth of the time of test_spending_requested.py.
    """
    checked = LimitedSizeDict.__setitem__

    def hold(self: Any, key: str, value: Any) -> None:
        held = vars(self).get("at_most")  # a copy knows nothing of what it holds
        if held is None:
            held = sum(_size(name) + _size(each) for name, each in self.items())
        self.at_most = held + _size(key) + _size(value)
        if self.at_most > LIMIT:
            checked(self, key, value)
        else:
            dict.__setitem__(self, key, value)

    LimitedSizeDict.__setitem__ = hold  # type: ignore[method-assign]


def _take_each_transaction_once() -> None:
    """As DynamoDB does: what the SDK sends again under the same token has no second effect."""
    taken = DynamoHandler.transact_write_items

    def take_once(self: DynamoHandler) -> Any:
        answered = self.dynamodb_backend.__dict__.setdefault("answered", {})
        token = self.body.get("ClientRequestToken")
        if token not in answered:
            answer = taken(self)
            answered |= {token: answer} if token else {}
            return answer
        return answered[token]

    DynamoHandler.transact_write_items = take_once  # type: ignore[method-assign]


def _put_addresses_together_once() -> None:
    """Moto does for each call."""
    together = vars(BaseBackend)["urls"].fget
    known: dict[type[BaseBackend], Any] = {}

    def of(self: BaseBackend) -> Any:
        if type(self) not in known:
            known[type(self)] = together(self)
        return known[type(self)]

    BaseBackend.urls = property(of)  # type: ignore[method-assign,assignment]


def _take_calls_of_dynamodb_as_they_are() -> None:
    """Without a web request around them: moto looks for its service by URL, and for forms and queries that none has."""
    process = BotocoreStubber.process_request

    def answer(self: BotocoreStubber, request: AWSPreparedRequest) -> Any:
        place = _DYNAMODB.match(request.url)
        if place is None or not isinstance(request.body, bytes) or b'"B' in request.body:  # moto decodes bytes
            return process(self, request)
        handler = DynamoHandler()
        handler.params = json.loads(request.body)
        handler.headers = {
            name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
        }
        handler.querystring, handler.uri_match = {}, {}
        handler.region, handler.current_account = place["region"], DEFAULT_ACCOUNT_ID
        handler.response_headers = {"server": "amazon.com"}
        return handler.call_action()

    BotocoreStubber.process_request = answer  # type: ignore[method-assign]


def _size(value: Any) -> int:
    return int(value.size() if type(value) is DynamoType else bytesize(str(value)))
