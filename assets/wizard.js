/* The mapping table is drawn again after every decision: whoever works by keyboard keeps the place. */
(function () {
  'use strict';
  let last = '';

  document.addEventListener('focusin', event => {
    last = event.target instanceof Element && event.target.closest('.mapping') ? event.target.id : '';
  });
  document.addEventListener('pointerdown', () => { last = ''; });

  function restore() {
    if (!last || document.activeElement !== document.body) return;
    const control = document.getElementById(last);
    if (control) control.focus({ preventScroll: true });
  }

  function ready() {
    new MutationObserver(restore).observe(document.body, { childList: true, subtree: true });
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready);
  else ready();
})();
