"""AEDAT2: files of jAER, with APS frames and IMU words."""
