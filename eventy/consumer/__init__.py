"""Receiving messages: one engine, a port to each broker."""
