/* Narrows the glossary while a person types. */
(function () {
  "use strict";
  document.addEventListener("input", function (event) {
    if (event.target.id !== "glossary-find") {
      return;
    }
    const words = event.target.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    document.querySelectorAll(".term").forEach(function (term) {
      const fits = words.every((word) => term.getAttribute("data-words").includes(word));
      term.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    const none = document.querySelector(".glossary-none");
    if (none) {
      none.hidden = shown > 0;
    }
  });
})();
