/* The grid forgets its blocks and asks again when the view in the URL changed. */
(function () {
  "use strict";
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.tables = {
    refresh: function (search, id) {
      const grid = window.dash_ag_grid && window.dash_ag_grid.getApi ? window.dash_ag_grid.getApi(id) : null;
      if (grid) {
        grid.purgeInfiniteCache();
        grid.ensureIndexVisible(0);
      }
      return window.dash_clientside.no_update;
    },
  };
})();
