"""What goes wrong while converting, always as one sentence a reader can act on."""


class ConversionError(Exception):
    """A catalogue, package, weight file or layer that cannot be converted; ``str()`` of it is one clear sentence."""
