"""The bytes of one file -> its blocks and what it says of itself; one module a format. Runs in a process with limits."""
