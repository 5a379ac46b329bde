"""Small examples for the lesson. Each file shows one idea, prints what happens, and runs on its own."""
