"""Services with twelve planted faults: each fault is one line that holds the event loop for about 40 ms."""
