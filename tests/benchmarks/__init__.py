"""Commands that measure time and memory; no specifications, for the figures depend on the machine. See docs/benchmarks.md."""
