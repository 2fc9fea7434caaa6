"""Server-rendered pages. They work without JavaScript; a small script adds live updates and other conveniences."""
