from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples on every machine and in every run; `--hypothesis-seed` or another profile looks for new ones.
settings.register_profile(
    "scraper", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("scraper")
