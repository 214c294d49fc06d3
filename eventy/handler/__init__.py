"""What becomes of one message: dispatched, collected, tried again. One policy a file."""
