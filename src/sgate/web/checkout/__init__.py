"""The checkout page: the states it shows and the sentences for each."""
