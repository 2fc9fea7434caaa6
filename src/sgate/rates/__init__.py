"""How we look at markets: public price sources, each with its own answers, and one client that asks them politely."""
