"""The process that computes for the viewer, and the client that talks to it."""
