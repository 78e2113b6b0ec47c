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
# Runs in every page before anything else: knows how long nothing has been on its way. An answer is there when its body
# is; components that are fetched when they are first needed come as scripts. Frames are counted because a page that
# draws an answer has none meanwhile.
QUIET_MS, QUIET_FRAMES = 120, 5
LISTEN = f"""
(() => {{
  const ask = window.fetch;
  let open = 0, frames = 0, since = performance.now(), counting = false;
  const frame = () => {{
    frames += open === 0 ? 1 : 0;
    counting = frames <= {QUIET_FRAMES}; // a page that is left alone draws nothing
    if (counting) window.requestAnimationFrame(frame);
  }};
  const busy = change => {{
    open += change;
    frames = 0;
    since = performance.now();
    if (!counting) window.requestAnimationFrame(frame);
    counting = true;
  }};
  const over = () => busy(-1);
  window.fetch = (...what) => {{
    busy(1);
    const answer = ask(...what);
    answer.then(got => got.clone().arrayBuffer()).then(over, over);
    return answer;
  }};
  const later = new MutationObserver(changes => {{
    for (const change of changes) for (const node of change.addedNodes) {{
      if (node instanceof HTMLScriptElement && node.src) {{
        busy(1);
        node.addEventListener("load", over);
        node.addEventListener("error", over);
      }}
    }}
  }});
  document.addEventListener("DOMContentLoaded", () => later.observe(document.head, {{ childList: true }}));
  busy(0);
  window.asking = () => busy(0);
  window.answered = () => open === 0 && frames > {QUIET_FRAMES} && performance.now() - since > {QUIET_MS};
}})();
"""
UNDRAWN = "[data-dash-is-loading='true'], main .skeleton, main .dash-graph--pending"
# true when the page's content is there, no callback is on its way and everything is drawn; for wait_for_function
DRAWN = f"""() => document.querySelector("main h1") !== null && window.answered()
  && document.querySelector("{UNDRAWN}") === null"""
# the same, of a page that somebody has just touched; its argument is different for every touch
SETTLED = f"""touch => {{
  if (window.touched !== touch) {{ window.touched = touch; window.asking(); }}
  return ({DRAWN})();
}}"""


def chromium() -> str | None:
    """Path of the browser, None when there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
