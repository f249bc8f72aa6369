"""Who gets in and what they may do: tokens, the principal behind a caller, the roles that each action takes."""
