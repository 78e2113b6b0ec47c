"""Where data lie: the catalogue and the memory-mapped dataset versions."""
