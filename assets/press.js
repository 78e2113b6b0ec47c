/* A button may be drawn anew while it is pressed: a job's card with every step forward, a bar when a check ends. The
 * browser then sees no click, because what was pressed is not what is released. The press belongs to the new button. */
(function () {
  'use strict';
  const NEAR = 8; // pixels: a hand that holds still
  let pressed = null, x = 0, y = 0;

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
