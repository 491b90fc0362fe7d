"""Settings that every test shares."""

from hypothesis import settings

# No test judges time: the machines that run them are shared and noisy.
settings.register_profile("senmei", deadline=None)
settings.load_profile("senmei")
