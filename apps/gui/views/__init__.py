"""Everything that is made of Qt."""
