"""The API described by itself: the table of calls, and the OpenAPI document made from it."""
