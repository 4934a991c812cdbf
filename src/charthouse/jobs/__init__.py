"""Work that follows a write and need not hold it up."""
