/* The frame's clientside callbacks: theme, navigation, links, help. */
(function () {
  'use strict';
  const shared = ['dataset', 'range', 'compare', 'as_of', 'segment'];

  /* The part of a query string that every page understands; a page's own state (tab, sort) stays behind. */
  function sharedQuery(search) {
    const kept = new URLSearchParams();
    new URLSearchParams(search || '').forEach((value, key) => {
      if (shared.includes(key) || key.startsWith('where.')) kept.append(key, value);
    });
    const text = kept.toString();
    return text ? '?' + text : '';
  }

  function trim(path) { return '/' + (path || '').replace(/^\/+|\/+$/g, ''); }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    shell: {
      title(title) {
        if (title) document.title = title;
        return window.dash_clientside.no_update;
      },

      theme(choice) { return window.holdfastTheme.choose(choice); },

      toggleNav(clicks) {
        const nav = document.getElementById('nav');
        const button = document.getElementById('nav-toggle');
        const byButton = window.dash_clientside.callback_context.triggered.some(t => t.prop_id.startsWith('nav-toggle'));
        const open = byButton && nav !== null && !nav.classList.contains('open');
        if (button) button.setAttribute('aria-expanded', String(open));
        return open ? 'shell-nav open' : 'shell-nav';
      },

      openHelp(clicks) {
        return window.dash_clientside.callback_context.triggered.some(t => t.prop_id.startsWith('help-open'));
      },

      async copyLink(clicks) {
        if (!clicks) return window.dash_clientside.no_update;
        try {
          await navigator.clipboard.writeText(window.location.href);
        } catch (e) {
          return 'The link could not be copied. Copy it from the address bar. ' + clicks;
        }
        const button = document.getElementById('copy-link');
        if (button) {
          button.classList.add('copied');
          window.setTimeout(() => button.classList.remove('copied'), 1500);
        }
        return 'Link copied' + '.'.repeat(1 + clicks % 2);
      },

      navLinks(search, pathname, ids) {
        const here = trim(pathname);
        const query = sharedQuery(search);
        return [
          ids.map(id => (id.path === '#brand' ? '/' : id.path) + query),
          ids.map(id => {
            if (id.path === '#brand') return 'shell-brand';
            return 'nav-link shell-link' + (trim(id.path) === here ? ' active' : '');
          }),
        ];
      },
    },
  });
})();
