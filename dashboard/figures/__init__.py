"""A Result in, a Plotly figure out; no data access."""
