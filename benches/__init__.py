"""Benchmarks: `make bench` runs them all; `make bench ARGS="network"` runs some. Figures are of this machine, at this moment."""
