"""Many resources at once: reading files and archives in, writing NDJSON out."""
