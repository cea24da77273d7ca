"""Fetch input ahead of the work and send output behind it, so that network and CPU do not wait for each other."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

DEPTH = 4
"""Chunks fetched ahead: enough to bridge a slow answer, at a few megabytes of memory."""
SENDING = 2
"""Parts in flight at once over all outputs, which bounds the memory they hold."""

_END = object()


def ahead(chunks: Iterable[bytes], depth: int = DEPTH) -> Iterator[bytes]:
    """The same chunks, fetched by a thread. An exception there is raised here, where its chunk would have come.

    After the iterator is closed, the thread ends with its next chunk.
    """
    fetched: queue.Queue[object] = queue.Queue(depth)
    stopped = threading.Event()
    # Daemon: a fetcher that hangs in a read must not keep the process from ending.
    fetcher = threading.Thread(target=_fetch, args=(chunks, fetched, stopped), daemon=True)
    fetcher.start()
    try:
        while (item := fetched.get()) is not _END:
            if isinstance(item, BaseException):
                raise item
            assert isinstance(item, bytes)
            yield item
    finally:
        stopped.set()
        _drain(fetched)


def _fetch(chunks: Iterable[bytes], fetched: queue.Queue[object], stopped: threading.Event) -> None:
    try:
        for chunk in chunks:
            fetched.put(chunk)
            if stopped.is_set():
                return
    except BaseException as fault:  # noqa: BLE001 - raised again in the consumer's thread
        fetched.put(fault)
    fetched.put(_END)


def _drain(fetched: queue.Queue[object]) -> None:
    """Make room in the queue: a fetcher blocked in `put` must wake up to see that it was stopped."""
    while not fetched.empty():
        fetched.get_nowait()


class BackgroundSender:
    """Runs calls in background threads, a few at once; a caller that is too fast has to wait.

    with BackgroundSender() as sender:
        sent = sender.send(lambda: s3.upload_part(…))
        … = sent.result()
    """

    def __init__(self, sending: int = SENDING) -> None:
        self._threads = ThreadPoolExecutor(sending, thread_name_prefix="sender")
        self._under_way: deque[Future[Any]] = deque()
        self._sending = sending

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def send(self, call: Callable[[], T]) -> Future[T]:
        """Start the call, after waiting for a free thread. The future's `result()` returns or raises what it did."""
        while len(self._under_way) >= self._sending:
            self._under_way.popleft().exception()  # waits; the owner of that future handles its fault
        begun = self._threads.submit(call)
        self._under_way.append(begun)
        return begun
