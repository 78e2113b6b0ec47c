"""Who they are: one row per person, rules and clusters."""
