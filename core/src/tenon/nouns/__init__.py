"""The nouns every kind of selling shares: party, contact, product, order, activity, task.

A built-in plugin: it enters through the same hooks as any other.
"""
