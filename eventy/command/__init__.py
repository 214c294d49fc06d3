"""Commands: what somebody asks of this service."""
