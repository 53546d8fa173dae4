"""The rig: what the bridge costs, against controls measured in the same way."""
