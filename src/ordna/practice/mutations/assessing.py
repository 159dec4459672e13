"""What a risk provider thinks of an order: Shopify's own analysis comes seconds after the order."""

from __future__ import annotations

from ordna.practice.model import Order, RiskAssessment
from ordna.practice.mutations.placing import touch
from ordna.practice.world import World


def assess(world: World, order: Order, assessment: RiskAssessment) -> None:
    """Add an assessment; the level of the order is that of its latest."""
    order.risks.append(assessment)
    world.changed("orders/risk_assessment_changed", order)
    touch(world, order)
