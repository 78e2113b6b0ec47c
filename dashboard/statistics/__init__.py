"""Statistics without data access: numbers in, numbers out, each formula with its source."""
