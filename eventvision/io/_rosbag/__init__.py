"""ROS1 and ROS2 bags."""
