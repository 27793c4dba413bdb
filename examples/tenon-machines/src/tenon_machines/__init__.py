"""The installed base: machines at customers, their warranties, and who may work on them."""
