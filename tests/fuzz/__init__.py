"""Seeded inputs that mean harm, or are only odd, tried one after the other in processes watched from outside."""
