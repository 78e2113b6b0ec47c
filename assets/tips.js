/* Places the "?" boxes next to their button, inside the window. Hover, focus and tap open; Esc closes. */
(function () {
  "use strict";
  let open = null;

  function close() {
    if (open) {
      open.classList.remove("is-open");
      open = null;
    }
  }

  function show(tip) {
    if (open === tip) {
      return;
    }
    close();
    open = tip;
    tip.classList.add("is-open");
    const box = tip.querySelector(".tip-box");
    const at = tip.querySelector(".tip-button").getBoundingClientRect();
    const width = box.offsetWidth;
    const height = box.offsetHeight;
    const left = Math.max(12, Math.min(at.left - 8, document.documentElement.clientWidth - width - 12));
    const below = at.bottom + 6 + height <= window.innerHeight || at.top < height;
    box.style.left = left + "px";
    box.style.top = (below ? at.bottom + 6 : at.top - height - 6) + "px";
  }

  document.addEventListener("mouseover", function (event) {
    const tip = event.target.closest ? event.target.closest(".tip") : null;
    if (tip) {
      show(tip);
    } else if (open && !open.contains(document.activeElement)) {
      close();
    }
  });
  document.addEventListener("focusin", function (event) {
    const tip = event.target.closest(".tip");
    if (tip) {
      show(tip);
    } else {
      close();
    }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      close();
    }
  });
  window.addEventListener("scroll", close, { passive: true, capture: true });
})();
