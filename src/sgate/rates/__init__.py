"""Exchange rates from the market: public price sources and the client that reads them."""
