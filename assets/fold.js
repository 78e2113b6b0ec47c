/* The one component that plain pieces of a page travel as (dashboard/web/fold.py), and the links inside them. */
(function () {
  "use strict";
  function Html(props) {
    return window.React.createElement(
      props.tag,
      Object.assign({}, props.attributes, { dangerouslySetInnerHTML: { __html: props.html } }),
    );
  }

  window.holdfast = { Html: Html };

  /* What dcc.Link does: go to another page of the application without loading it anew. */
  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[data-go]");
    const other = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0;
    if (!link || other || event.defaultPrevented || (link.target && link.target !== "_self")) {
      return;
    }
    event.preventDefault();
    window.history.pushState({}, "", link.getAttribute("href"));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  });
})();
