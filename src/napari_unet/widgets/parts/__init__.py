"""Small building blocks of the views; none knows a session or a viewer."""
