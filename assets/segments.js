/* Buttons that copy the address in their data-copy: a link to a view, without going there. */
(function () {
  'use strict';
  document.addEventListener('click', async event => {
    const button = event.target instanceof Element ? event.target.closest('button[data-copy]') : null;
    if (!button) return;
    const address = new URL(button.dataset.copy, window.location.origin).href;
    let said = 'Copied';
    try {
      await navigator.clipboard.writeText(address);
    } catch (e) {
      said = 'Not copied';
    }
    const before = button.textContent;
    button.textContent = said;
    window.dash_clientside.set_props('status', { children: said === 'Copied' ? 'Link copied' : 'The link could not be copied' });
    window.setTimeout(() => { button.textContent = before; }, 1500);
  });
})();
