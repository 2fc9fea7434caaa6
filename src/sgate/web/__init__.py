"""Server-rendered pages: complete without JavaScript, better with a little of it."""
