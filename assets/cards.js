/* Tools of a chart card: table twin, CSV, PNG, full screen. */
(function () {
  "use strict";
  /* The rule of dashboard/escape.py: a spreadsheet must not read a text as a formula. */
  function risky(text) {
    const head = text.normalize("NFKC").replace(/^[ \t\r\n\0\ufeff\u200b]+/, "");
    return /^[=+\-@|]/.test(head) || /^[\t\r\n\0]/.test(text);
  }

  function cell(node) {
    let text = node.hasAttribute("data-value") ? node.getAttribute("data-value") : node.textContent;
    if (node.getAttribute("data-number") !== "1" && risky(text)) {
      text = "'" + text;
    }
    return '"' + text.replace(/"/g, '""') + '"';
  }

  function save(name, url) {
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    document.body.appendChild(link);
    link.click();
    link.remove();
  }

  function csv(card, name) {
    const lines = Array.from(card.querySelectorAll("table.plain-table tr")).map((row) =>
      Array.from(row.children).map(cell).join(","),
    );
    const url = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    save(name + ".csv", url);
    window.setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  function png(card, name) {
    const plot = card.querySelector(".js-plotly-plot");
    if (!plot || !window.Plotly) {
      return;
    }
    const layout = Object.assign({}, plot.layout, { paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" });
    layout.title = { text: card.getAttribute("aria-label"), x: 0.01, xanchor: "left", font: { size: 15 } };
    layout.margin = Object.assign({}, layout.margin, { t: 64 });
    window.Plotly.toImage({ data: plot.data, layout: layout }, { format: "png", width: 1100, height: 520, scale: 2 }).then(
      (url) => save(name + ".png", url),
    );
  }

  function twin(card, button) {
    const table = card.querySelector(".card-table");
    const chart = card.querySelector(".card-chart");
    const shown = table.hidden;
    table.hidden = !shown;
    chart.hidden = shown;
    button.setAttribute("aria-pressed", String(shown));
    if (!shown) {
      window.dispatchEvent(new Event("resize"));
    }
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest(".card-tool");
    const card = button ? button.closest(".chart-card") : null;
    if (!card) {
      return;
    }
    const name = button.getAttribute("data-card");
    const action = button.getAttribute("data-action");
    if (action === "table") {
      twin(card, button);
    } else if (action === "csv") {
      csv(card, name);
    } else if (action === "png") {
      png(card, name);
    } else if (document.fullscreenElement) {
      document.exitFullscreen();
    } else if (card.requestFullscreen) {
      card.requestFullscreen();
    }
  });
  document.addEventListener("fullscreenchange", function () {
    window.setTimeout(() => window.dispatchEvent(new Event("resize")), 50);
  });
})();
