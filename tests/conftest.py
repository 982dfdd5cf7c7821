"""Settings of all tests: what hypothesis tries is the same in every run, so that a change alone decides,
and a busy machine does not."""

from hypothesis import HealthCheck, settings

settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")
