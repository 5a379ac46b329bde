"""What both services promise. Pure: no framework, no clock, no socket, nothing that waits."""
