"""A question in a conversation becomes a cited reply, and the faces that show it."""
