"""A step or a rule in words, for the handbook, the map and the person who asks what it means."""

from ordna.core.flow.model import Rule, Step


def to_words(subject: Step | Rule) -> str:
    """Two or three plain sentences that say all the file says."""
    return _step_words(subject) if isinstance(subject, Step) else _rule_words(subject)


def _step_words(step: Step) -> str:
    each = f" for each {step.per.replace('_', ' ')}" if step.per else ""
    starts = f"when {step.starts.words()}" if step.starts else "with the order"
    sentences = [
        f"{step.title}{each} belongs to {step.owner}, in {step.system}.",
        f"It starts {starts} and ends when {step.ends.words()}, within {step.within.text}.",
    ]
    if step.moot:
        sentences.append(f"It is skipped when {step.moot.words()}.")
    if step.pauses:
        sentences.append(f"Its time stands still while {step.pauses.words()}.")
    return " ".join(sentences)


def _rule_words(rule: Rule) -> str:
    actions = []
    for hold in rule.holds:
        until = f", for {hold.expires.text} at most" if hold.expires else ""
        actions.append(f"the order is held for {hold.owner} as '{hold.reason}'{until}")
    if rule.tags:
        listed = ", ".join(f"'{tag}'" for tag in rule.tags)
        actions.append(f"the order is tagged {listed}")
    return f"While {rule.when.words()}: {' and '.join(actions)}."
