"""Settings of all tests: what hypothesis tries is the same in every run, so that a change alone decides."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
