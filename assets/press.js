/* A button may be drawn anew while it is pressed: a job's card with every step forward, a bar when a check ends. The
 * browser then sees no click, because what was pressed is not what is released. The press belongs to the new button. */
(function () {
  'use strict';
  let pressed = null;

  document.addEventListener('pointerdown', event => {
    pressed = event.isPrimary && event.button === 0 && event.target instanceof Element ? event.target.closest('button[id]') : null;
  }, true);

  document.addEventListener('pointerup', event => {
    const old = pressed;
    pressed = null;
    if (old === null || old.isConnected || !(event.target instanceof Element)) return;
    const now = event.target.closest('button[id]');
    if (now !== null && now.id === old.id && !now.disabled) now.click();
  }, true);

  document.addEventListener('pointercancel', () => { pressed = null; }, true);
})();
