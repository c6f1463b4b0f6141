"""All services in one process, on virtual time, with every accident drawn from one seed."""
