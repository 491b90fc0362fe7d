"""The Cook-Toom algorithm: the matrices by which a short filter runs over a short signal with the fewest products.

Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), after Winograd, "Arithmetic
Complexity of Computations" (1980). With y = Aᵀ((G g) ⊙ (Bᵀ d)) m outputs of a filter g of three taps over the m + 2
samples d take m + 2 products instead of 3 m; nested, m × m outputs of a 3 × 3 filter take (m + 2)² instead of 9 m².
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

TAPS = 3

# Where the polynomials are evaluated, beside infinity: small, so that little is lost to rounding. The point of
# BIAS_ROW is one.
_POINTS = tuple(Fraction(point) for point in ("0", "1", "-1", "2", "-2", "1/2", "-1/2"))

BIAS_ROW = 1
"""What stands in this row of the products, and nowhere else, is added to every output: its column of Aᵀ holds ones."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Transforms:
    """outputs: Aᵀ (m, m + 2); filter: G (m + 2, 3); inputs: Bᵀ (m + 2, m + 2)."""

    outputs: Floats
    filter: Floats
    inputs: Floats


def transforms(outputs: int) -> Transforms:
    """The matrices for so many outputs at a time, 2 to 6, exact up to the rounding of their entries."""
    if not 2 <= outputs <= len(_POINTS) - TAPS + 2:
        raise ValueError(f"{outputs} outputs at a time; 2 to {len(_POINTS) - TAPS + 2} are accepted")
    points = _POINTS[: outputs + TAPS - 2]
    others = [[other for other in points if other != point] for point in points]
    at_infinity = [[Fraction(power == most - 1) for power in range(most)] for most in (outputs, TAPS)]
    powers = [[point**power for power in range(outputs)] for point in points]
    filters = [
        [point**power / _product(point, rest) for power in range(TAPS)]
        for point, rest in zip(points, others, strict=True)
    ]
    inputs = [[*_with_roots(rest), Fraction(0)] for rest in others]
    return Transforms(
        outputs=_floats([*powers, at_infinity[0]]).T,
        filter=_floats([*filters, at_infinity[1]]),
        inputs=_floats([*inputs, _with_roots(points)]),
    )


def _product(point: Fraction, others: list[Fraction]) -> Fraction:
    product = Fraction(1)
    for other in others:
        product *= point - other
    return product


def _with_roots(roots: list[Fraction] | tuple[Fraction, ...]) -> list[Fraction]:
    """The coefficients of ∏(x - root), the constant one first."""
    coefficients = [Fraction(1)]
    for root in roots:
        shifted = [Fraction(0), *coefficients]
        coefficients = [up - root * own for up, own in zip(shifted, [*coefficients, Fraction(0)], strict=True)]
    return coefficients


def _floats(rows: list[list[Fraction]]) -> Floats:
    return np.array([[float(entry) for entry in row] for row in rows])
