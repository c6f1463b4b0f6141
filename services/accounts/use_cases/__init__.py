"""What takes more than one step; a file for each part of the service."""
