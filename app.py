"""Start Holdfast: ``python app.py [--port 8050] [--host 127.0.0.1] [--data-dir data]``.

``server`` is the WSGI application for other servers (``gunicorn -w 1 --threads 16 app:server``); it starts no worker.
"""

from __future__ import annotations

import sys
from typing import Any

from dashboard.web import serve


def server(environ: dict[str, Any], start_response: Any) -> Any:
    """The WSGI application, made at the first request."""
    return serve.application(environ, start_response)


if __name__ == "__main__":
    sys.exit(serve.main())
