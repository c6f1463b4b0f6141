"""The main job: the whole system on one machine, and a month of real transactions through it."""
