"""What tests and benchmarks know about Chromium and about when a page is there."""

from __future__ import annotations

import os
import shutil

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# Runs in every page before anything else: knows how long no callback has been on its way. Frames are counted because a
# page that draws an answer has none meanwhile.
QUIET_MS = 150
LISTEN = f"""
(() => {{
  const ask = window.fetch;
  let open = 0, frames = 0, since = performance.now();
  const busy = change => {{ open += change; frames = 0; since = performance.now(); }};
  window.fetch = (...what) => {{ busy(1); return ask(...what).finally(() => busy(-1)); }};
  const frame = () => {{ frames += open === 0 ? 1 : 0; window.requestAnimationFrame(frame); }};
  window.requestAnimationFrame(frame);
  window.asking = () => busy(0);
  window.answered = () => open === 0 && frames > 3 && performance.now() - since > {QUIET_MS};
}})();
"""
UNDRAWN = "[data-dash-is-loading='true'], main .skeleton, main .dash-graph--pending"
# true when the page's content is there, no callback is on its way and everything is drawn; for wait_for_function
DRAWN = f"""() => document.querySelector("main h1") !== null && window.answered()
  && document.querySelector("{UNDRAWN}") === null"""


def chromium() -> str | None:
    """Path of the browser, None when there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
