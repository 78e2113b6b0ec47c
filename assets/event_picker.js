/* Searching in a list of links and moving through it by keyboard. */
(function () {
  "use strict";

  function shown(box) {
    return Array.from(box.querySelectorAll(".choices a")).filter((link) => !link.parentElement.hidden);
  }

  document.addEventListener("input", function (event) {
    const box = event.target.closest(".filter-find") ? event.target.closest(".picker-box") : null;
    if (!box) {
      return;
    }
    const wanted = event.target.value.trim().toLowerCase();
    box.querySelectorAll(".choices li").forEach(function (row) {
      row.hidden = !row.querySelector(".option-name").textContent.toLowerCase().includes(wanted);
    });
    const none = box.querySelector(".picker-none");
    if (none) {
      none.hidden = shown(box).length > 0;
    }
  });

  document.addEventListener("click", function (event) {
    const pop = event.target.closest(".closes-pop") ? event.target.closest("details.filter-pop") : null;
    if (pop) {
      pop.open = false;
    }
  });

  document.addEventListener("keydown", function (event) {
    const box = event.target instanceof Element ? event.target.closest(".picker-box") : null;
    if (!box || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) {
      return;
    }
    const links = shown(box);
    if (event.key === "Enter") {
      if (event.target.closest(".filter-find") && links.length) {
        event.preventDefault();
        links[0].click();
      }
      return;
    }
    const at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (links[at]) {
      event.preventDefault();
      links[at].focus();
    } else if (at < 0 && box.querySelector(".filter-find input, input.filter-find")) {
      event.preventDefault();
      box.querySelector(".filter-find input, input.filter-find").focus();
    }
  });
})();

/* A click on a node or an edge of a flow opens the list of its people, as a link would. */
(function () {
  "use strict";
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.picker = {
    openPlace: function () {
      const changed = window.dash_clientside.callback_context.triggered[0];
      const points = changed && changed.value ? changed.value.points || [] : [];
      const token = points.length ? points[0].customdata : null;
      if (typeof token === "string" && token.startsWith("[")) {
        const query = new URLSearchParams(window.location.search);
        query.set("list", token);
        const link = document.createElement("a");
        link.className = "state-link";
        link.href = "?" + query.toString() + "#people";
        document.body.appendChild(link);
        link.click();
        link.remove();
      }
      return window.dash_clientside.no_update;
    },
  };
})();
