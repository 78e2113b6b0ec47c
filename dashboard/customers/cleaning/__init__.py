"""Cleaning of shop data: switchable rules, the ledger of what each takes out, and how each product's price behaves."""
