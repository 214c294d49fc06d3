"""The `eventy` command."""
