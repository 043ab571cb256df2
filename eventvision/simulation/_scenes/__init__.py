"""The named scenes, one file for each."""
