"""The browser side: pages, the JSON API, and the accounts behind both."""
