"""What the events of a job come to."""

from __future__ import annotations

from collections.abc import Sequence

from senmei.events import Encoded, Event


def file_of(events: Sequence[Event]) -> bytes:
    """The bytes of the file that was written, also where later ones take the place of earlier ones."""
    whole = bytearray()
    for event in events:
        if isinstance(event, Encoded):
            at = len(whole) if event.offset is None else event.offset
            whole[at : at + len(event.data)] = event.data
    return bytes(whole)
