"""From a file to a dataset version: inspect, read, build, publish."""
