"""The one tree of errors. A message is a sentence that a user can read; `code` is its stable name for programs."""

from __future__ import annotations


class SenmeiError(Exception):
    """Base of every error that Senmei raises on purpose. `code` names the kind in kebab case."""

    code = "engine-failed"


class UnsupportedFormat(SenmeiError):
    """The bytes are no picture, or of a format, depth or kind that is not read or written."""

    code = "unsupported-format"


class CorruptImage(SenmeiError):
    """The bytes claim to be a known format but cannot be read as one."""

    code = "corrupt-image"


class TooLarge(SenmeiError):
    """The picture, or the result asked for, would not fit in memory."""

    code = "too-large"


class InvalidOption(SenmeiError):
    """An option's value is outside what is accepted."""

    code = "invalid-option"


class ModelUnavailable(SenmeiError):
    """The catalogue has no such model, or its file is not there."""

    code = "model-unavailable"


class SessionFailed(SenmeiError):
    """The runtime could not start a session or run a tile."""

    code = "engine-failed"


class OutOfMemory(SessionFailed):
    """The runtime had not the memory for one run; a smaller tile may fit."""

    code = "too-large"


class Cancelled(SenmeiError):
    """The job was cancelled by its owner."""

    code = "cancelled"
