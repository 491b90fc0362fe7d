from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from senmei.sessions.remembered import Remembered, Verdict
from senmei.sessions.rungs import WASM, WEBGPU, Rung

RUNGS = st.sampled_from([WASM, WEBGPU, Rung("wasm", 4), WASM.twin, Rung("wasm", 4, "winograd")])
VERDICTS = st.one_of(
    st.builds(Verdict, st.floats(1, 1e9), st.floats(0, 1e4)), st.builds(lambda text: Verdict(reason=text), st.text())
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["machine", "models", "first", "a", "wasm 1", "reason", "pixelNs", "runMs", "here", "gain"]
            ),
            inner,
        )
    ),
)


@given(st.lists(st.tuples(st.sampled_from("abc"), RUNGS, VERDICTS), max_size=8))
def test_what_was_kept_comes_back(kept: list[tuple[str, Rung, Verdict]]) -> None:
    before = Remembered("here", None)
    for model, rung, verdict in kept:
        before.keep(model, rung, verdict)
    after = Remembered("here", before.text)
    for model, rung, verdict in {(one[0], one[1]): one for one in kept}.values():
        found = after.verdict(model, rung)
        assert found is not None and found.reason == verdict.reason
        if verdict.reason is None:
            assert abs(found.pixel_ns - verdict.pixel_ns) <= 0.1 and abs(found.run_ms - verdict.run_ms) <= 0.01
    assert after.text == before.text


def test_another_machine_begins_anew() -> None:
    before = Remembered("here", None)
    before.keep("a", WASM, Verdict(5, 1))
    before.keep_first("a.onnx", WEBGPU)
    elsewhere = Remembered("elsewhere", before.text)
    assert elsewhere.verdict("a", WASM) is None and json.loads(elsewhere.text)["first"] == {}


@given(st.text() | JSON.map(json.dumps) | st.dictionaries(st.just("machine"), st.just("here")).map(json.dumps))
def test_damaged_or_foreign_text_is_as_good_as_nothing(text: str) -> None:
    remembered = Remembered("here", text)
    for rung in (WASM, WEBGPU):
        for model in ("a", "wasm 1", "models"):
            verdict = remembered.verdict(model, rung)
            assert verdict is None or verdict.reason is not None or verdict.pixel_ns > 0
            gain = remembered.gain(model)
            assert gain is None or 0 < gain < math.inf
    remembered.keep("a", WASM, Verdict(5, 1))
    remembered.keep_first("a.onnx", WASM)
    assert Remembered("here", remembered.text).verdict("a", WASM) == Verdict(5, 1)


def test_damaged_verdicts_are_as_good_as_none() -> None:
    wrong: list[Any] = [5, None, {}, {"pixelNs": 0, "runMs": 0}, {"pixelNs": "5", "runMs": 0}, {"pixelNs": 5}, [1]]
    for verdict in (*wrong, {"pixelNs": float("inf"), "runMs": 0}, {"pixelNs": 1, "runMs": -1}):
        text = json.dumps({"machine": "here", "first": {}, "models": {"a": {"wasm 1": verdict}}})
        assert Remembered("here", text).verdict("a", WASM) is None


def test_a_gain_is_kept_beside_the_verdicts() -> None:
    before = Remembered("here", None)
    before.keep("a", WASM.twin, Verdict(5, 1))
    before.keep_gain("a", 2.125)
    before.keep("a", WASM, Verdict(reason="wrong"))
    after = Remembered("here", before.text)
    assert after.gain("a") == 2.125 and after.gain("b") is None
    assert after.verdict("a", WASM.twin) == Verdict(5, 1)
    wrong: list[Any] = ["2", None, 0, -1, float("inf"), float("nan"), {}]
    for gain in wrong:
        text = json.dumps({"machine": "here", "first": {}, "models": {"a": {"gain": gain}}})
        assert Remembered("here", text).gain("a") is None


def test_the_oldest_models_are_forgotten() -> None:
    remembered = Remembered("here", None)
    for number in range(200):
        remembered.keep(f"{number:064}", WASM, Verdict(5, 1))
        assert remembered.keep_first(f"{number}.onnx", WEBGPU)
        assert not remembered.keep_first(f"{number}.onnx", WEBGPU)
    assert len(remembered.text) < 20_000
    assert remembered.verdict(f"{199:064}", WASM) and not remembered.verdict(f"{0:064}", WASM)
