"""The vocabulary's types, where a reader of the flow package looks for them.

They are defined beside the condition language, which the flow file stands on.
"""

from ordna.core.conditions.vocabulary import Field, Nature, Type, Vocabulary, nearest

__all__ = ["Field", "Nature", "Type", "Vocabulary", "nearest"]
