/* Dash replaces what an answer draws anew: a job's card with every step forward, a bar when a check ends, a table when
 * it is sorted. What a person was doing there goes on with the new element of the same id: the focus of the keyboard
 * moves to it, and a press that was on its way counts. */
(function () {
  'use strict';
  const NEAR = 8; // pixels: a hand that holds still
  const PATIENCE = 1000; // ms that the new element may take to come
  let focused = null, waiting = 0;
  let pressed = null, x = 0, y = 0;

  const forget = () => { focused = null; clearTimeout(waiting); waiting = 0; };

  document.addEventListener('focusin', event => {
    forget();
    focused = event.target.id ? event.target : null;
  });

  document.addEventListener('focusout', event => {
    const old = event.target; // removed, or left by the person? A moment later it is known
    setTimeout(() => { if (focused === old && old.isConnected) forget(); });
  });

  new MutationObserver(() => {
    if (focused === null || focused.isConnected) return;
    if (document.activeElement !== document.body) return forget(); // the person is elsewhere by now
    const now = document.getElementById(focused.id);
    if (now === null) {
      waiting = waiting || setTimeout(forget, PATIENCE);
      return;
    }
    const old = focused;
    forget();
    now.focus({ preventScroll: true });
    if (typeof old.selectionStart === 'number' && now.value === old.value) now.setSelectionRange(old.selectionStart, old.selectionEnd);
  }).observe(document.documentElement, { childList: true, subtree: true });

  document.addEventListener('pointerdown', event => {
    pressed = event.isPrimary && event.button === 0 && event.target instanceof Element ? event.target.closest('button[id]') : null;
    x = event.clientX;
    y = event.clientY;
  }, true);

  document.addEventListener('pointerup', event => {
    const old = pressed;
    pressed = null;
    if (old === null || old.isConnected || !(event.target instanceof Element)) return;
    const now = document.getElementById(old.id);
    const still = Math.hypot(event.clientX - x, event.clientY - y) < NEAR; // the new one may have moved, the hand has not
    if (now !== null && !now.disabled && (still || now.contains(event.target))) now.click();
  }, true);

  document.addEventListener('pointercancel', () => { pressed = null; }, true);
})();
