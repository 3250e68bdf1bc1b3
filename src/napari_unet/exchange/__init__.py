"""Models and data in the formats of other programs, each read and written by a module here."""
