"""One record in words: its outline, its files, and the difference between two versions."""
