"""Work of the program while the device computes: another thread prepares what comes next."""

import threading
from collections.abc import Iterator
from queue import Full, Queue
from typing import TypeVar

T = TypeVar("T")
MOMENT = 0.1  # seconds after which a waiting thread looks whether it is still wanted


def prefetched(items: Iterator[T], ahead: int = 2) -> Iterator[T]:
    """The same items in the same order; up to `ahead` of them are made by another thread before they are asked for.

    An exception that ends `items` is raised where the item would have come. Closing this iterator ends the thread.
    """
    made: Queue[tuple[T | None, BaseException | None]] = Queue(ahead)
    unwanted = threading.Event()

    def put(item: T | None, error: BaseException | None) -> None:
        while not unwanted.is_set():
            try:
                made.put((item, error), timeout=MOMENT)
                return
            except Full:
                continue

    def make() -> None:
        try:
            for item in items:
                put(item, None)
                if unwanted.is_set():
                    return
            put(None, StopIteration())
        except BaseException as error:  # whatever it is, the thread that waits for the item must hear of it
            put(None, error)

    thread = threading.Thread(target=make, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item
    finally:
        unwanted.set()
        thread.join()
