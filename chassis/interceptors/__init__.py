"""The layers of the door, one file each; `door.py` puts them round every rpc, once, at start-up."""
