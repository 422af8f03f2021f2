"""What a watch shows to others: the status page, its JSON, its events, badges, and metrics for Prometheus.

The server has a thread and a loop of its own, and reads only what is committed: nothing that is asked of it ever waits
for a check, or a check for it.
"""

from __future__ import annotations
