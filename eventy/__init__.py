"""An event-driven application skeleton: commands and events are classes, what they need is injected."""
