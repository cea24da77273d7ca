"""Fetching ahead and sending behind: the same bytes in their order, every fault where it is wanted, no thread left."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from tunedrop.edges.s3 import overlapped_transfer
from tunedrop.edges.s3.overlapped_transfer import BackgroundSender

from tests.waiting import PATIENCE, eventually


def numbered(count: int) -> Iterator[bytes]:
    yield from (b"%d" % number for number in range(count))


def test_chunks_come_in_their_order():
    assert list(overlapped_transfer.ahead(numbered(100), depth=3)) == list(numbered(100))


def test_chunks_are_fetched_while_the_caller_works():
    second = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield b"1"
        second.set()
        yield b"2"

    fetched = overlapped_transfer.ahead(chunks())
    assert next(fetched) == b"1"
    assert second.wait(PATIENCE)
    fetched.close()


def test_no_more_than_the_depth_is_held():
    made = []

    def chunks() -> Iterator[bytes]:
        for chunk in numbered(1_000):
            made.append(chunk)
            yield chunk

    fetched = overlapped_transfer.ahead(chunks(), depth=2)
    next(fetched)
    assert len(made) <= 5
    fetched.close()


def test_a_fault_rises_after_the_chunks_before_it():
    def chunks() -> Iterator[bytes]:
        yield b"1"
        raise OSError("the connection broke")

    fetched = overlapped_transfer.ahead(chunks())
    assert next(fetched) == b"1"
    with pytest.raises(OSError, match="the connection broke"):
        next(fetched)


def test_a_caller_that_stops_early_leaves_no_thread_behind():
    before = set(threading.enumerate())
    fetched = overlapped_transfer.ahead(numbered(10**9), depth=1)
    next(fetched)
    fetched.close()
    began = set(threading.enumerate()) - before
    for thread in began:
        thread.join(PATIENCE)
    assert [thread for thread in began if thread.is_alive()] == []


def test_a_sender_returns_what_each_call_did():
    with BackgroundSender() as sender:
        sent = [sender.send(lambda number=number: number * 2) for number in range(10)]
        assert [each.result() for each in sent] == [number * 2 for number in range(10)]


def test_a_caller_that_is_too_fast_waits():
    free, begun = threading.Event(), []

    def call() -> None:
        begun.append(1)
        free.wait(PATIENCE)

    with BackgroundSender(sending=1) as sender:
        sender.send(call)
        waiting = threading.Thread(target=lambda: sender.send(call))
        waiting.start()
        eventually(lambda: begun)
        waiting.join(0.05)
        assert waiting.is_alive()
        assert len(begun) == 1
        free.set()
        assert eventually(lambda: len(begun) == 2)
        waiting.join(PATIENCE)


def test_a_failed_call_fails_its_own_result_and_no_other():
    def fail() -> int:
        raise OSError("the connection broke")

    with BackgroundSender() as sender:
        failed, good = sender.send(fail), sender.send(lambda: 7)
        assert good.result() == 7
        with pytest.raises(OSError, match="broke"):
            failed.result()
