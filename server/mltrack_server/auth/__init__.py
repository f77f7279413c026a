"""Who somebody is: the shared token and browser sessions."""
