"""Hot loops as pure array functions, one file per idea; import them by their full path."""
