"""The applications: command line, and later the window and the daemon."""
