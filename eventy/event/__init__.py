"""Events: classes with a name, data and a handler, and the registry that finds them by name."""
