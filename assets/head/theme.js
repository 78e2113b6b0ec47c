/* Runs in the head, before anything is drawn: the remembered theme, so that no light page flashes in a dark room. */
(function () {
  'use strict';
  const media = window.matchMedia('(prefers-color-scheme: dark)');
  const KEY = 'holdfast-theme';
  const theme = {
    choice() {
      let kept = null;
      try { kept = window.localStorage.getItem(KEY); } catch (e) { kept = null; }
      return ['system', 'light', 'dark'].includes(kept) ? kept : 'system';
    },
    mode(choice) { return choice === 'system' ? (media.matches ? 'dark' : 'light') : choice; },
    apply(choice) {
      const mode = theme.mode(choice);
      document.documentElement.setAttribute('data-bs-theme', mode);
      document.documentElement.setAttribute('data-ag-theme-mode', mode);
      return mode;
    },
    choose(choice) {
      const known = ['system', 'light', 'dark'].includes(choice) ? choice : 'system';
      try { window.localStorage.setItem(KEY, known); } catch (e) { /* private window: for this page only */ }
      return theme.apply(known);
    },
  };
  media.addEventListener('change', () => theme.apply(theme.choice()));
  window.holdfastTheme = theme;
  theme.apply(theme.choice());
})();
