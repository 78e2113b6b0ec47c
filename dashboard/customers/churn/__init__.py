"""Churn: who is about to leave, how sure that is, and why.

Every feature is a function of what happened before a cut-off day; the label of what happened in the window after it.
"""
