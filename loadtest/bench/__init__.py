"""What the twins and the load generator cost, each as a ratio to a baseline that is measured in the same run."""
