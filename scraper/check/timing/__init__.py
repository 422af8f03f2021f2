"""When: intervals, cron lines, time zones, maintenance."""
