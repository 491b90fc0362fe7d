"""Cook-Toom's matrices: what they make of any signal and filter is the convolution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from convert.cook_toom import BIAS_ROW, transforms

numbers = st.floats(-100, 100, width=32)


@given(st.integers(2, 6), st.data())
def test_a_short_filter_over_a_short_signal(outputs: int, data: st.DataObject) -> None:
    signal = data.draw(arrays(np.float64, outputs + 2, elements=numbers))
    taps = data.draw(arrays(np.float64, 3, elements=numbers))
    matrices = transforms(outputs)
    made = matrices.outputs @ ((matrices.filter @ taps) * (matrices.inputs @ signal))
    wanted = [signal[first : first + 3] @ taps for first in range(outputs)]
    np.testing.assert_allclose(made, wanted, rtol=0, atol=1e-9 * (1 + np.abs(signal).max() * np.abs(taps).max()))


@pytest.mark.parametrize("outputs", range(2, 7))
def test_the_bias_row_goes_to_every_output_alike(outputs: int) -> None:
    assert (transforms(outputs).outputs[:, BIAS_ROW] == 1).all()


@pytest.mark.parametrize("outputs", [1, 7])
def test_sizes_without_points_are_refused(outputs: int) -> None:
    with pytest.raises(ValueError, match=f"{outputs} outputs at a time; 2 to 6 are accepted"):
        transforms(outputs)
