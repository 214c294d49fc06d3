"""What travels: bytes with headers (`record`), and what a handler is told about them (`context`)."""
