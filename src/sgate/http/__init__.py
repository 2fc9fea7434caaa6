"""HTTP infrastructure shared by the API and the pages: server, middleware, rate limits, event streams, errors."""
