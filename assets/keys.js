/* Keyboard shortcuts. Off while typing, with a modifier key, or while a dialog is open. */
(function () {
  'use strict';
  let leader = 0; // time of the last "g"

  function typing(target) {
    return target instanceof Element &&
      (target.closest('input, textarea, select, [contenteditable="true"], [role="textbox"], .ag-root') !== null);
  }

  /* The page that the navigation puts under a key. */
  function pageLink(key) {
    return Array.from(document.querySelectorAll('#nav [data-key]')).find(item => item.dataset.key === key)?.querySelector('a');
  }

  document.addEventListener('keydown', event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector('.modal.show') !== null) return;
    const key = event.key;
    const page = leader && event.timeStamp - leader < 1500 ? pageLink(key) : null;
    if (page) {
      leader = 0;
      event.preventDefault();
      page.click();
      return;
    }
    leader = key === 'g' ? event.timeStamp : 0;
    if (key === '?') {
      event.preventDefault();
      document.getElementById('help-open')?.click();
    } else if (key === '/') {
      const field = document.querySelector('main [data-search], main input[type="search"]');
      if (field) { event.preventDefault(); field.focus(); }
    } else if (key === '[' || key === ']') {
      document.querySelector(key === '[' ? '[data-period="earlier"]' : '[data-period="later"]')?.click();
    }
  });
})();
