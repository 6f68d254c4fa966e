"""PostgreSQL: tables and statements, one module per aggregate. Rows never leave this package."""
