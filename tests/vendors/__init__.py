"""Servers that speak a vendor's protocol on loopback, so that its real plugin can be tried."""
