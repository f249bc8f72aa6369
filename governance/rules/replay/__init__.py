"""The replay of governance: what each event of the ledger claims, judged again from what came before."""
