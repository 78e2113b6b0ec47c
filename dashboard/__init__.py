"""Holdfast: product and customer analytics that ends in a decision."""

__version__ = "0.1.0"
