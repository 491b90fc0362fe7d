"""Work that goes on beside the one who began it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


def begun(work: Awaitable[T]) -> asyncio.Future[T]:
    """A task whose failure or cancelling is not reported as unheard: it is asked for its result later, or never.

    Pyodide reports it as soon as the task ends without a callback, also when somebody is about to ask.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(_hear)
    return task


def _hear(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
