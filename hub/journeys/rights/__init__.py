"""A constituent's rights, one module each: what is held, who looked, corrections, the export, erasure.

To object and to withdraw a consent are changes of facts and stand with those.
"""
