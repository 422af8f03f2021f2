"""What checks came to over time: kept in SQLite by the engine's thread, read by others."""
