"""What tests and the demonstration stand on: real servers, and ways to say what is expected."""
