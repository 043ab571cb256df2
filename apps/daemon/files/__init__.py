"""What `eventvision daemon --install` writes."""
