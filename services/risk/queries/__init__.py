"""Questions to the read models; a file for each part of the service."""
