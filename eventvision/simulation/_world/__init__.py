"""A world of panels: bodies with textures, motions and a camera, seen as a `Scene`."""
