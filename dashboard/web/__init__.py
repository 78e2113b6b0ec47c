"""The web process: the app, its shell, routes and security."""
