"""What eventy costs, measured beside programs written by hand: `make bench` writes docs/benchmarks.md and its chart."""
