"""What runs a comparison and reads the clocks."""
