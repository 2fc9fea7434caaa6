from api.conftest import app, logged, shop

__all__ = ["app", "logged", "shop"]
