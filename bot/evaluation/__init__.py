"""Test queries and an assistant become measures with intervals, run records and reports. Knows nothing of faces."""
