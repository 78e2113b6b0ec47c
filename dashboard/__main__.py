"""``python -m dashboard``: the command line."""

from __future__ import annotations

from dashboard.cli import main
from dashboard.process import leave

if __name__ == "__main__":
    leave(main())
