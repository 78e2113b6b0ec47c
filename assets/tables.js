/* The grid forgets its blocks and asks again when the view in the URL changed; it shows the chosen columns. */
(function () {
  "use strict";
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.tables = {
    refresh: function (search, id) {
      const nothing = window.dash_clientside.no_update;
      if (!window.dash_ag_grid || !window.dash_ag_grid.getApi) {
        return nothing;
      }
      let grid;
      try {
        grid = window.dash_ag_grid.getApi(id);
      } catch (error) {
        return nothing; // it is not drawn yet: the first rows it asks for are already those of this view
      }
      grid.purgeInfiniteCache();
      grid.ensureIndexVisible(0);
      return nothing;
    },
    columns: function (chosen, options, id) {
      const nothing = window.dash_clientside.no_update;
      if (!window.dash_ag_grid || !window.dash_ag_grid.getApiAsync) {
        return nothing;
      }
      const all = (options || []).map(function (option) { return option.value; });
      const shown = all.filter(function (key) { return (chosen || []).indexOf(key) >= 0; });
      const hidden = all.filter(function (key) { return shown.indexOf(key) < 0; });
      window.dash_ag_grid.getApiAsync(id.grid).then(function (grid) {
        grid.setColumnsVisible(hidden, false);
        grid.setColumnsVisible(shown, true);
      }, function () {}); // the page was left before the grid was drawn
      return nothing;
    },
  };
})();
