"""Measuring speed and memory: each figure is a median, and stands beside its floors of the same run."""
