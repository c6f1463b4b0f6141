"""What auth decides: pure, standard library and kernel only."""
