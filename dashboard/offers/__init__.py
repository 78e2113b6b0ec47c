"""Whom to give which offer."""
