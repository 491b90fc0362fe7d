"""What an earlier visit measured, as a text that the browser keeps."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from .rungs import Rung

# Of further models the oldest are forgotten.
_MOST_MODELS = 50

_GAIN = "gain"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a self-test found: the time of a run and of each source pixel beside, or why the rung was dropped."""

    pixel_ns: float = 0.0
    run_ms: float = 0.0
    reason: str | None = None


class Remembered:
    """The verdicts of one machine on the rungs, for each model (by its fingerprint), and how many times as fast its
    Winograd graph is; and for each model's file the rung that was chosen last: its worker is made before Python is
    there."""

    def __init__(self, machine: str, text: str | None) -> None:
        """text: what `text` was earlier. Whatever else it is, or of another machine, is as good as nothing."""
        self._machine = machine
        self._models: dict[str, dict[str, Any]] = {}
        self._first: dict[str, Any] = {}
        try:
            kept = json.loads(text or "")
            if kept["machine"] == machine:
                models = {str(model): dict(rungs) for model, rungs in kept["models"].items()}
                self._models, self._first = models, dict(kept["first"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass

    @property
    def text(self) -> str:
        kept = {"machine": self._machine, "first": self._first, "models": self._models}
        return json.dumps(kept, separators=(",", ":"))

    def verdict(self, model: str, rung: Rung) -> Verdict | None:
        match self._models.get(model, {}).get(_name(rung)):
            case {"reason": str(reason)}:
                return Verdict(reason=reason)
            case {"pixelNs": float() | int() as pixel_ns, "runMs": float() | int() as run_ms}:
                if 0 < pixel_ns < math.inf and 0 <= run_ms < math.inf:
                    return Verdict(float(pixel_ns), float(run_ms))
        return None

    def gain(self, model: str) -> float | None:
        match self._models.get(model, {}).get(_GAIN):
            case float() | int() as gain if 0 < gain < math.inf:
                return float(gain)
        return None

    def keep(self, model: str, rung: Rung, verdict: Verdict) -> None:
        if verdict.reason is None:
            self._put(model, _name(rung), {"pixelNs": round(verdict.pixel_ns, 1), "runMs": round(verdict.run_ms, 2)})
        else:
            self._put(model, _name(rung), {"reason": verdict.reason})

    def keep_gain(self, model: str, gain: float) -> None:
        self._put(model, _GAIN, gain)

    def _put(self, model: str, name: str, fact: object) -> None:
        facts = self._models.pop(model, {})
        self._models[model] = {**facts, name: fact}
        _forget_oldest(self._models)

    def keep_first(self, file: str, rung: Rung) -> bool:
        """Whether that is news."""
        first = {"provider": rung.provider, "threads": rung.threads, "graph": rung.graph}
        if self._first.get(file) == first:
            return False
        self._first.pop(file, None)
        self._first[file] = first
        _forget_oldest(self._first)
        return True


def _forget_oldest(kept: dict[str, Any]) -> None:
    while len(kept) > _MOST_MODELS:
        del kept[next(iter(kept))]


def _name(rung: Rung) -> str:
    name = f"{rung.provider} {rung.threads}"
    return name if rung.graph == "direct" else f"{name} {rung.graph}"
