"""Webhook delivery: claims, signs and sends deliveries, and parks deliveries that cannot be sent now."""
