"""The dock widgets: each binds one view to the desk of its viewer."""
