"""The HTTP routes: each checks what it is given, then sends a message or reads what the messages have led to."""
