"""The desktop application: state and controllers without Qt, widgets under `views/`."""
