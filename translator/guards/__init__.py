"""What keeps from being heard what nobody should hear."""
