"""The HTTP server, in the application's own event loop."""
