"""Tests of the door, through a real server, with a small proto of their own."""
