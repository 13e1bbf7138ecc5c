"""How the web server calls LAD: ASGI for connections, threads for Django."""
