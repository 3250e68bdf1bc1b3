"""Files of every format, read into one kind of value; and labels written."""
