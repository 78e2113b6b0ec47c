/* The user page: moving through suggestions by keyboard, choosing days by dragging along the timeline, and the links
   that lead from a list to a person. What is typed is sent as the body of a request and never put into an address. */
(function () {
  "use strict";
  const PAGE = "/user";

  function box() { return document.getElementById("user-suggestions"); }
  function field() { return document.getElementById("user-search"); }
  function options() { return box() ? Array.from(box().querySelectorAll("[role=option]")) : []; }

  function describe() {
    const input = field();
    if (!input) { return; }
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", "user-suggestions");
    const open = options().length > 0 && !box().hidden;
    input.setAttribute("aria-expanded", String(open));
    if (!open || !options().some((item) => item.getAttribute("aria-selected") === "true")) {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function mark(option) {
    options().forEach((item) => item.setAttribute("aria-selected", String(item === option)));
    if (option) {
      field().setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      field().removeAttribute("aria-activedescendant");
    }
  }

  function close() {
    if (box()) { box().hidden = true; }
    describe();
  }

  document.addEventListener("keydown", function (event) {
    const input = field();
    if (!input || event.target !== input) { return; }
    const found = options();
    const at = found.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      box().hidden = false;
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (found.length) { mark(found[(at + step + found.length + (at < 0 && step < 0 ? 1 : 0)) % found.length]); }
      describe();
    } else if (event.key === "Enter" && found.length) {
      event.preventDefault();
      found[Math.max(at, 0)].click();
    } else if (event.key === "Escape") {
      close();
    }
  });

  document.addEventListener("input", function (event) {
    if (event.target === field() && box()) { box().hidden = false; }
  });

  document.addEventListener("focusin", function (event) {
    if (event.target === field()) { describe(); if (options().length) { box().hidden = false; describe(); } }
  });

  document.addEventListener("click", function (event) {
    const option = event.target.closest ? event.target.closest("#user-suggestions [role=option]") : null;
    if (option) {
      close();
      window.dash_clientside.set_props("user-search", { value: "" });
    } else if (event.target !== field()) {
      close();
    }
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.user = {
    suggested: function () {
      window.setTimeout(describe, 0);
      return window.dash_clientside.no_update;
    },
    zoom: function (moved) {
      const none = window.dash_clientside.no_update;
      const from = moved ? moved["xaxis.range[0]"] : null;
      const to = moved ? moved["xaxis.range[1]"] : null;
      if (typeof from !== "string" || typeof to !== "string") { return none; }
      const query = new URLSearchParams(window.location.search);
      const zoom = from.slice(0, 10) + ".." + to.slice(0, 10);
      if (query.get("user.zoom") === zoom) { return none; }
      query.set("user.zoom", zoom);
      return "?" + query.toString();
    },
  };

  /* Where a list was left: its own address, its order, and its filters except those on who somebody is. */
  function personLink(person, api, grid) {
    const [dataset, handle] = person.split(".");
    const query = new URLSearchParams(window.location.search);
    Array.from(query.keys()).filter((key) => key === "user" || key.startsWith("user.")).forEach((key) => query.delete(key));
    query.set("dataset", dataset);
    query.set("user", handle);
    if (grid) {
      query.set("user.from", grid);
      query.set("user.at", window.location.pathname);
    }
    const sort = api.getColumnState().filter((column) => column.sort)
      .sort((a, b) => (a.sortIndex || 0) - (b.sortIndex || 0))
      .map((column) => ({ colId: column.colId, sort: column.sort }));
    const filters = Object.assign({}, api.getFilterModel());
    delete filters.user_id;
    if (sort.length) { query.set("user.sort", JSON.stringify(sort)); }
    if (Object.keys(filters).length) { query.set("user.grid", JSON.stringify(filters)); }
    return PAGE + "?" + query.toString();
  }

  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.PersonLink = function (props) {
    const person = props.data ? props.data._person : null;
    if (typeof props.value !== "string" || typeof person !== "string") {
      return props.value === undefined || props.value === null ? "–" : String(props.value);
    }
    const grid = props.eGridCell ? props.eGridCell.closest(".data-grid") : null;
    const name = grid ? grid.id : "";
    return window.React.createElement(
      "a",
      {
        className: "state-link person-link",
        href: personLink(person, props.api, name),
        /* the order of the grid may have changed since the link was drawn */
        onMouseDown: (event) => { event.currentTarget.href = personLink(person, props.api, name); },
        onFocus: (event) => { event.currentTarget.href = personLink(person, props.api, name); },
      },
      props.value,
    );
  };
})();
