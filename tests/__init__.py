"""Tests. A package, because Ciw (a peer in the benchmarks) installs one of the same name."""
