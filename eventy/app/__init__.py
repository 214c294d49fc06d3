"""The application: its settings, its container's root, its life."""
