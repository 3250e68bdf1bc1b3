"""What is wrong with a data set, and what is left out of it."""
