"""Which layers are faster written out as Winograd's (see winograd.py): told by what both ways cost, as measured.

The costs were fitted to layers of 3 to 128 input and 3 to 256 output channels on 240 × 240 pixels, in onnxruntime-web
1.30.0 with one thread (`tests/bench layers` measures and fits them anew). Only their ratios count.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Cost:
    """Nanoseconds for a pixel: of each pair of an input and an output channel, and of each channel."""

    pair: float
    input: float
    output: float

    def of(self, inputs: int, filters: int) -> float:
        return self.pair * inputs * filters + self.input * inputs + self.output * filters


# The runtime unfolds the input before it multiplies; written out, each channel is transformed and transformed back.
_DIRECT = _Cost(pair=0.81, input=3.7, output=4.4)
_WINOGRAD = _Cost(pair=0.087, input=9.1, output=14.6)


def winograd_pays(inputs: int, filters: int) -> bool:
    """Whether a 3 × 3 layer of so many input and output channels is faster written out."""
    return _WINOGRAD.of(inputs, filters) < _DIRECT.of(inputs, filters)
