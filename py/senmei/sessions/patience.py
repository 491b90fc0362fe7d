"""Waiting with a limit that counts only the time in which this thread could have heard the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_STEP_S = 0.5

# Answers that came while this thread was busy are heard after its timers, at the latest by then.
_LAST_WORD_S = 0.05


async def within(seconds: float, work: asyncio.Future[Any], *, unless: Iterable[asyncio.Future[Any]] = ()) -> bool:
    """Whether `work` is done within that time. It is not cancelled when it is not; one of `unless` ends the wait early.

    The time is waited for in steps, each of which counts no more than its length: while Python encodes for half a
    minute, or the machine sleeps, answers lie unheard, and nobody is to be blamed for that.
    """
    left = seconds
    waited = {work, *unless}
    while left > 0 and not any(one.done() for one in waited):
        step = min(_STEP_S, left)
        await asyncio.wait(waited, timeout=step, return_when=asyncio.FIRST_COMPLETED)
        left -= step
    if not any(one.done() for one in waited):
        await asyncio.wait(waited, timeout=_LAST_WORD_S, return_when=asyncio.FIRST_COMPLETED)
    return work.done()
