"""What a program sends to another tracker, recorded beside it; theirs goes on undisturbed."""
