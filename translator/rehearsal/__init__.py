"""A meeting with recorded speakers and listeners who measure: the line tried as people get it."""
