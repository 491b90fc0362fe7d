"""What can go wrong in the set-up, as the one sentence a person reads."""


class SetUpError(Exception):
    """The set-up cannot go on; the message is a whole sentence that names the thing and what would be accepted."""
