"""Server-rendered pages. They work without JavaScript; a small script improves them."""
