"""Every claim about speed is a command here, as a ratio against peers in the same run."""
