/* The filter bar and every link that changes the view. The URL is the state: links carry the view they lead to, and only
   ticked values and typed dates are written into it here. */
(function () {
  "use strict";
  const MISSING = "\u2063";

  function go(search) {
    const wanted = search === "?" ? "" : search;
    if (wanted !== window.location.search) {
      window.dash_clientside.set_props("url", { search: wanted });
    }
  }

  function closePops(except) {
    document.querySelectorAll("details.filter-pop[open]").forEach(function (pop) {
      if (pop !== except) {
        pop.open = false;
      }
    });
  }

  /* Bring the list behind a number into view. It may still be on its way, and what stands above it grows while it loads:
     keep it in view until everything is there, or the person scrolls. */
  function reveal(id) {
    if (!id) {
      return;
    }
    const ends = Date.now() + 15000;
    const away = ["wheel", "touchstart", "keydown", "mousedown"];
    let timer = 0;
    function stop() {
      window.clearInterval(timer);
      away.forEach((kind) => window.removeEventListener(kind, stop));
    }
    function step() {
      const target = document.getElementById(id);
      if (target) {
        target.scrollIntoView({ block: "start" });
        target.focus({ preventScroll: true });
      }
      const loading = document.querySelector("main .skeleton, main [data-dash-is-loading='true']");
      if ((target && !loading) || Date.now() > ends) {
        stop();
      }
    }
    away.forEach((kind) => window.addEventListener(kind, stop, { passive: true }));
    timer = window.setInterval(step, 150);
  }

  function rewrite(change) {
    const query = new URLSearchParams(window.location.search);
    change(query);
    const text = query.toString();
    return text ? "?" + text : "";
  }

  function triggered() {
    const context = window.dash_clientside.callback_context;
    const changed = context.triggered.length ? context.triggered[0] : null;
    return changed && changed.value ? context.triggered_id : null;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.filters = {
    applyValues: function (clicks, values, ids) {
      const id = triggered();
      const position = id ? ids.findIndex((item) => item.name === id.name) : -1;
      if (position < 0) {
        return window.dash_clientside.no_update;
      }
      closePops(null);
      const search = rewrite(function (query) {
        query.delete("where." + id.name);
        (values[position] || []).forEach((value) => query.append("where." + id.name, value === MISSING ? "" : value));
      });
      return search === window.location.search ? window.dash_clientside.no_update : search;
    },
    applyDates: function (clicks, values, ids) {
      const id = triggered();
      if (!id) {
        return window.dash_clientside.no_update;
      }
      const day = (name) => {
        const position = ids.findIndex((item) => item.name === name);
        return position < 0 ? "" : values[position] || "";
      };
      closePops(null);
      const search = rewrite(function (query) {
        if (id.name === "as_of" && day("as_of")) {
          query.set("as_of", day("as_of"));
        }
        if (id.name === "range" && day("first") && day("last")) {
          const ends = [day("first"), day("last")].sort();
          query.set("range", ends[0] + ".." + ends[1]);
        }
      });
      return search === window.location.search ? window.dash_clientside.no_update : search;
    },
  };

  document.addEventListener("click", function (event) {
    const link = event.target.closest("a.state-link");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (link && plain) {
      const target = new URL(link.href, window.location.href);
      event.preventDefault();
      closePops(null);
      if (target.pathname === window.location.pathname) {
        go(target.search);
      } else {
        /* what dcc.Link does: the page changes without a reload */
        window.history.pushState({}, "", target.pathname + target.search);
        window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
        window.scrollTo(0, 0);
      }
      reveal(target.hash.slice(1));
    }
    closePops(event.target.closest("details.filter-pop"));
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") {
      return;
    }
    const open = document.querySelector("details.filter-pop[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });

  document.addEventListener(
    "toggle",
    function (event) {
      const pop = event.target;
      if (!(pop instanceof HTMLDetailsElement) || !pop.classList.contains("filter-pop") || !pop.open) {
        return;
      }
      const box = pop.querySelector(".filter-box");
      box.classList.remove("to-right");
      if (box.getBoundingClientRect().right > document.documentElement.clientWidth - 8) {
        box.classList.add("to-right");
      }
      const find = box.querySelector("input[type=search]");
      if (find && window.matchMedia("(pointer: fine)").matches) {
        find.focus();
      }
    },
    true,
  );

  document.addEventListener("input", function (event) {
    const box = event.target.closest(".filter-find") ? event.target.closest(".filter-box, .more-box") : null;
    if (!box) {
      return;
    }
    const wanted = event.target.value.trim().toLowerCase();
    box.querySelectorAll(".checks label").forEach(function (label) {
      const name = label.querySelector(".option-name");
      const text = (name ? name.textContent : label.textContent).toLowerCase();
      label.style.setProperty("display", text.includes(wanted) ? "flex" : "none", "important");
    });
  });
})();
