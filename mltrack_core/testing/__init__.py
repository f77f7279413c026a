"""What tests of mltrack and of integrations share."""
