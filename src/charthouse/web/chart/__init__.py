"""What a chart shows, worked out from the record: pure functions from resource trees to view models."""
