"""Who may call the hub: clients and their keys, the tokens they are issued, and each call's admission."""
