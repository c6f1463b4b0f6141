"""Scripts that build and check the project; nothing that runs in production imports them."""
