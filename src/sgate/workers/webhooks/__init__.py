"""Webhook delivery: claims, signs and sends deliveries, and parks those that cannot be sent now."""
