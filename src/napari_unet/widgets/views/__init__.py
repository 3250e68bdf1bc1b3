"""What the docks show: signals out and setters in; none knows a session or a viewer."""
