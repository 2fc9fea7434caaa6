"""What the API and the pages stand on: the server, what happens to every request, limits, streams, failures."""
