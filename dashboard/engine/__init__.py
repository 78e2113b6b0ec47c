"""Runs a kernel over the partitions of a dataset and merges what comes back."""
