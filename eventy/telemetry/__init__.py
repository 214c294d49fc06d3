"""What the outside sees of a running application."""
